// Reads the tags of a signature as mailauth's lenient mode does, for code that predicts the look-ups of mailauth.

/** Names in lower case. Of repeated tags the last one is kept; white space in a value becomes one space. */
export function lenientTags(value: string): ReadonlyMap<string, string> {
  const pairs = value.split(';').map((tag) => {
    const equals = tag.indexOf('=')
    const name = tag.slice(0, Math.max(equals, 0)).trim().toLowerCase()
    return [
      name,
      tag
        .slice(equals + 1)
        .trim()
        .replace(/\s+/g, ' '),
    ] as const
  })
  return new Map(pairs)
}
