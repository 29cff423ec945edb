// One spelling for each user name, so that file, directory, login and the brake against guessing speak of the same person.

import { asciiDomain } from '../smtp/domain.ts'

/**
 * Lower case in the normal form of SASLprep (RFC 4013 2.2), as `ü` has two and letters have full-width twins; a domain behind an `@` with
 * A-labels.
 */
export function userKey(written: string): string {
  const name = written.normalize('NFKC').toLowerCase()
  const at = name.lastIndexOf('@')
  const domain = at < 0 ? null : asciiDomain(name.slice(at + 1))
  return domain === null ? name : `${name.slice(0, at)}@${domain}`
}
