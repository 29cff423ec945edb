// One line of a file of app passwords: `user:label:digest:scram:fields`. An unknown field may restrict logins, so an app password with one
// cannot be used.

import { randomBytes } from 'node:crypto'
import { networkMatcher, parseNetwork } from '../lib/ip-address.ts'
import type { AppPassword } from './app-password.ts'
import { appScheme } from './app-password.ts'
import { readScram, writeScram } from './derived-schemes.ts'
import type { ScramSalt } from './derived-schemes.ts'
import { readDigest, writeDigest } from './digest-schemes.ts'
import { userKey } from './passwd-line.ts'

export type ReadApp =
  | { readonly kind: 'app'; readonly app: Omit<AppPassword, 'lineNumber'> }
  /** It never matches. `column` from 1. */
  | { readonly kind: 'bad'; readonly column: number; readonly problem: string }
  | { readonly kind: 'empty' }

export interface NewAppPassword {
  readonly user: string
  readonly label: string
  /** As `createAppSecret` makes it. */
  readonly secret: string
  readonly created: number
  readonly expires: number | null
  readonly networks: readonly string[]
  readonly senders: readonly string[]
  /** Null for a new salt. */
  readonly salt: ScramSalt | null
}

/** One word in the log and in the ledger: letters, digits and a few signs. */
const label = /^[\p{L}\p{N}](?:[\p{L}\p{N}._+-]{0,62}[\p{L}\p{N}])?$/u
const userName = /^[^\s:\p{Cc}]{1,254}$/u
const sender = /^(?:[^\s@,]+@[^\s@,]+|@[^\s@,]+|\*\.[^\s@,]+)$/
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
const DIGEST = '{SSHA256}'
const SCRAM = '{SCRAM-SHA-256}'
/** Of the digest. */
const SALT_OCTETS = 16
/** Colons in an IPv6 address belong to the last field. */
const FIELDS = 4

export function isAppLabel(text: string): boolean {
  return label.test(text)
}

export function isAppSender(text: string): boolean {
  return sender.test(text)
}

/** Reads a line without its line end. */
export function readAppLine(line: string): ReadApp {
  if (line.trim() === '' || line.startsWith('#')) return { kind: 'empty' }
  const parts = line.split(':')
  const column = (index: number) => parts.slice(0, index).join(':').length + (index === 0 ? 1 : 2)
  const [user = '', name = '', digestText = '', scramText = ''] = parts
  if (!userName.test(user)) return bad(1, 'found no user name, expected one before the first colon')
  if (!label.test(name)) return bad(column(1), `found the label ${JSON.stringify(name)}, expected letters and digits`)
  const digest = digestText.startsWith(DIGEST) ? readDigest(appScheme, digestText.slice(DIGEST.length), 'B64') : null
  if (!digest) return bad(column(2), `found no ${DIGEST} digest of an app password`)
  const scram = scramText.startsWith(SCRAM) ? readScram(scramText.slice(SCRAM.length), 'sha256') : null
  if (!scram) return bad(column(3), `found no ${SCRAM} keys of an app password`)
  const fields = readFields(parts.slice(FIELDS).join(':'))
  if (typeof fields === 'string') return bad(column(FIELDS), fields)
  return { kind: 'app', app: { user: userKey(user), label: name, digest, scram, ...fields, line } }
}

type Fields = Pick<AppPassword, 'created' | 'expires' | 'networks' | 'allows' | 'senders'>

/** A string is the problem. */
function readFields(text: string): Fields | string {
  const fields: { -readonly [Key in keyof Fields]: Fields[Key] } = {
    created: 0,
    expires: null,
    networks: null,
    allows: () => true,
    senders: null,
  }
  for (const word of text.split(/[ \t]+/).filter((each) => each !== '')) {
    const equals = word.indexOf('=')
    const value = word.slice(equals + 1)
    const key = word.slice(0, equals)
    if (key === 'created' && time.test(value)) fields.created = Date.parse(value)
    else if (key === 'expires' && time.test(value)) fields.expires = Date.parse(value)
    else if (key === 'networks' && isNetworkList(value)) {
      fields.networks = value.split(',')
      fields.allows = networkMatcher(fields.networks)
    } else if (key === 'senders' && value.split(',').every((each) => sender.test(each)))
      fields.senders = value.toLowerCase().split(',')
    else return `the field ${word} is not understood`
    if (Number.isNaN(fields.created) || Number.isNaN(fields.expires)) return `the field ${word} is no time`
  }
  return fields
}

function isNetworkList(value: string): boolean {
  return value.split(',').every((each) => parseNetwork(each) !== null)
}

/** The line of a new app password, without its line end. Label, networks and senders are checked by the caller. */
export function writeAppLine(app: NewAppPassword): string {
  const fields = [
    `created=${writeTime(app.created)}`,
    ...(app.expires === null ? [] : [`expires=${writeTime(app.expires)}`]),
    ...(app.networks.length === 0 ? [] : [`networks=${app.networks.join(',')}`]),
    ...(app.senders.length === 0 ? [] : [`senders=${app.senders.join(',')}`]),
  ]
  const digest = writeDigest(appScheme, app.secret, randomBytes(SALT_OCTETS))
  const scram = writeScram(app.secret, 'sha256', app.salt)
  return [userKey(app.user), app.label, `${DIGEST}${digest}`, `${SCRAM}${scram}`, fields.join(' ')].join(':')
}

/** Whole seconds, in UTC. */
export function writeTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

function bad(column: number, problem: string): ReadApp {
  return { kind: 'bad', column, problem }
}
