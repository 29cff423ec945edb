// Reads one line of a passwd-file in dovecot's format: `user:password:uid:gid:gecos:home:shell:extra fields`. Only user, password and the
// extra fields are used. An unknown extra field may restrict logins, so the user of such a line cannot log in.

import { networkMatcher, parseNetwork } from '../lib/ip-address.ts'
import { asciiDomain } from '../smtp/domain.ts'
import { readStored, type StoredPassword } from './stored-password.ts'

export interface PasswdEntry {
  /** The name in the form of `userKey`. */
  readonly user: string
  readonly stored: StoredPassword
  /** True if this address may log in; null if every address may. */
  readonly allows: ((ip: string) => boolean) | null
}

export type ReadLine =
  | { readonly kind: 'entry'; readonly entry: PasswdEntry }
  /** A user who cannot log in. `column` from 1. */
  | { readonly kind: 'unusable'; readonly user: string; readonly column: number; readonly problem: string }
  /** No line of a passwd-file. */
  | { readonly kind: 'bad'; readonly column: number; readonly problem: string }
  | { readonly kind: 'empty' }

const EXTRA_FIELD = 7
/** Extra fields without an effect on logins. */
const harmless = /^(?:userdb_|event_|uid=|gid=|home=|mail=|quota|nodelay(?:=|$)|original_user=)/
/** No space or control character. `:` separates fields, so it cannot occur. */
const userName = /^[^\s\p{Cc}]{1,254}$/u

const noPassword = { kind: 'bad', problem: 'no password' } as const

/** Reads a line without its line end. */
export function readPasswdLine(line: string, weak: boolean): ReadLine {
  if (line.trim() === '' || line.startsWith('#')) return { kind: 'empty' }
  const fields = line.split(':')
  const written = fields[0] as string
  const user = userKey(written)
  if (!userName.test(user)) return bad(1, 'found no user name, expected one before the first colon')
  const passwordColumn = written.length + 2
  if (fields[1] === undefined) return bad(passwordColumn, `found no colon after ${user}, expected a password`)
  const unusable = (column: number, problem: string): ReadLine => ({ kind: 'unusable', user, column, problem })
  const password = fields[1] === '' ? noPassword : readStored(fields[1], weak)
  if (password.kind === 'bad') return unusable(passwordColumn, password.problem)
  // allow_nets may hold colons of IPv6 addresses: the text after the seventh colon is one field.
  const extra = fields.slice(EXTRA_FIELD).join(':')
  const extraColumn = fields.slice(0, EXTRA_FIELD).join(':').length + 2
  const nets = readExtra(extra)
  if (nets.kind === 'bad') return unusable(extraColumn, nets.problem)
  return { kind: 'entry', entry: { user, stored: password.stored, allows: nets.allows } }
}

type Extra =
  | { readonly kind: 'read'; readonly allows: PasswdEntry['allows'] }
  | { readonly kind: 'bad'; readonly problem: string }

function readExtra(text: string): Extra {
  let allows: PasswdEntry['allows'] = null
  for (const word of text.split(/[ \t]+/).filter((each) => each !== '')) {
    if (word.startsWith('allow_nets=')) {
      allows = readNets(word.slice('allow_nets='.length))
      if (!allows) return { kind: 'bad', problem: `${word} is no list of addresses and networks` }
    } else if (!harmless.test(word)) return { kind: 'bad', problem: `extra field ${word} is not understood` }
  }
  return { kind: 'read', allows }
}

function readNets(list: string): PasswdEntry['allows'] {
  const networks = list.split(',').map(parseNetwork)
  return networks.every((network) => network !== null) ? networkMatcher(networks) : null
}

function bad(column: number, problem: string): ReadLine {
  return { kind: 'bad', column, problem }
}

/**
 * The one spelling of a user name that file, directory, login and login throttle use: lower case and normal form KC, as SASLprep (RFC 4013
 * 2.2) because `ü` has two encodings and letters have full-width variants; a domain after an `@` has A-labels.
 */
export function userKey(written: string): string {
  const name = written.normalize('NFKC').toLowerCase()
  const at = name.lastIndexOf('@')
  const domain = at < 0 ? null : asciiDomain(name.slice(at + 1))
  return domain === null ? name : `${name.slice(0, at)}@${domain}`
}
