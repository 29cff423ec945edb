// The tags of a signature as mailauth's lenient mode reads them: who wants to foresee what it will do has to read what it reads.

/** Names in lower case, the last of several, white space within as one space. */
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
