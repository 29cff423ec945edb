// The tags of a DKIM-Signature field (RFC 6376 3.2): what it says about itself, nothing verified.

/** Tags by their names (case counts), values without any white space. */
export function readSignatureTags(value: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>()
  for (const tag of value.split(';')) {
    const equals = tag.indexOf('=')
    const name = tag.slice(0, Math.max(equals, 0)).trim()
    // A tag that is there twice makes the whole field void (3.2); the first one stands here, and the verifier has the last word.
    if (name !== '' && !tags.has(name)) tags.set(name, tag.slice(equals + 1).replace(/\s+/g, ''))
  }
  return tags
}
