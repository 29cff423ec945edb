// Search result references (RFC 4511 4.5.3): parts of the tree that another server holds. Waypost does not follow them, so an answer with one
// may be incomplete, unless the part cannot hold people.

/** What to do with references to parts that may hold people: `refuse` means that nothing is known about names that were not found. */
export type ReferralChoice = 'refuse' | 'ignore'

/**
 * Partitions of Active Directory that never hold people. A search from the root of a domain returns a reference to each of them with
 * every answer (MS-ADTS 3.1.1.3.1.4 and 6.1.1.1).
 */
const partsWithoutPeople = /^(?:dc=(?:domaindnszones|forestdnszones)|cn=configuration|cn=schema,cn=configuration),/i

/** The first reference because of which an answer may be incomplete; null if there is none. */
export function openReference(references: readonly string[], choice: ReferralChoice): string | null {
  if (choice === 'ignore') return null
  return references.find((uri) => !partsWithoutPeople.test(dnOf(uri))) ?? null
}

/** The DN of an LDAP URL (RFC 4516 section 2): the path up to `?`, percent-decoded. Empty if there is none. */
function dnOf(uri: string): string {
  const [, path = ''] = /^ldaps?:\/\/[^/]*\/([^?]*)/i.exec(uri) ?? []
  try {
    return decodeURIComponent(path)
  } catch {
    return ''
  }
}
