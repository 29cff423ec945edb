// Reads the tags of a DKIM-Signature field (RFC 6376 3.2) without verifying the signature.

/** Tags by name (case-sensitive); values without white space. */
export function readSignatureTags(value: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>()
  for (const tag of value.split(';')) {
    const equals = tag.indexOf('=')
    const name = tag.slice(0, Math.max(equals, 0)).trim()
    // A repeated tag makes the field invalid (3.2). The first one is kept; the verifier rejects the field.
    if (name !== '' && !tags.has(name)) tags.set(name, tag.slice(equals + 1).replace(/\s+/g, ''))
  }
  return tags
}
