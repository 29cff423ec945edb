// One person in the data of a node: finds a mail address or the name of a user in texts, in each of their forms, and replaces it.

import { domainToUnicode } from 'node:url'
import { eventFields } from './event-fields.ts'
import type { DataClass } from './schema/place.ts'

export interface Person {
  /** As the operator wrote it. */
  readonly written: string
  /** In lower case: each text that names the person has it, as JSON writes it. */
  readonly hint: string
  /** The text with `(erased)` in place of the person; the same text if it does not name the person. */
  replace(text: string): string
  /** The value with a mark in its texts, fields of events by their class; the same value if none names the person. */
  replaceIn<Value>(value: Value, how?: Replacing): Value
}

interface Replacing {
  /** `text` if it is not given. */
  readonly valueClass?: DataClass
  /** `(erased)` if it is not given. */
  readonly mark?: string
}

export interface PersonNames {
  /** A mail address or the name of a user. */
  readonly name: string
  /** The main domain of the node, in which a user and the address with the same name are one; null if it is not known. */
  readonly domain: string | null
}

const ERASED = '(erased)'
/** What can be part of a longer address before a local part (RFC 5321 4.1.2). `=` is not: SRS and logs have it before an address. */
const before = "(?<![\\p{L}\\p{N}.!#$%&'*+/?^_`{|}~-])"
/** What can be part of a longer domain after one. */
const after = '(?![\\p{L}\\p{N}-]|\\.[\\p{L}\\p{N}])'

/**
 * The forms: `local@domain` in any case, with A-labels and U-labels; `"local"@domain`; `domain=local@`, as SRS writes it; `user:NAME` and
 * `account NAME`; the name alone in a field for names.
 * Addresses with a tag (`kim+list@…`) are other addresses.
 */
export function personOf({ name, domain }: PersonNames): Person {
  const forms = formsOf(name, domain)
  // The name of a user alone can be a word: it counts only where a name is expected.
  const users = new Set(userNames(name, domain))
  const pattern = new RegExp(forms.join('|'), 'giu')
  const replace = (text: string, mark: string): string =>
    text.replace(pattern, (found) => (found.toLowerCase().startsWith('user:') ? `user:${mark}` : mark))
  const replaceIn = <Value>(value: Value, { valueClass = 'text', mark = ERASED }: Replacing = {}): Value => {
    if (typeof value === 'string')
      return (hasNames.has(valueClass) && users.has(value.toLowerCase()) ? mark : replace(value, mark)) as Value
    if (value === null || typeof value !== 'object') return value
    let isChanged = false
    const change = (part: unknown, partClass: DataClass): unknown => {
      const kept = replaceIn(part, { valueClass: partClass, mark })
      isChanged ||= kept !== part
      return kept
    }
    const copy = Array.isArray(value)
      ? value.map((part) => change(part, valueClass))
      : Object.fromEntries(Object.entries(value).map(([key, part]) => [key, change(part, classes[key] ?? 'text')]))
    return isChanged ? (copy as Value) : value
  }
  const hint = JSON.stringify(split(name)[0].toLowerCase()).slice(1, -1)
  return { written: name, hint, replace: (text) => replace(text, ERASED), replaceIn }
}

/** Classes of fields that can be the name of a user alone. In files of bans that is the column of clients. */
const hasNames: ReadonlySet<DataClass> = new Set(['address', 'origin', 'ip'])
const classes: Readonly<Record<string, DataClass>> = eventFields

/** Names under which a user is known: with and without the main domain. */
export function userNames(name: string, domain: string | null): readonly string[] {
  const key = name.toLowerCase()
  const [local, ofDomain] = split(key)
  if (ofDomain === null) return domain === null ? [key] : [key, `${key}@${domain}`]
  return ofDomain === domain ? [local, key] : [key]
}

function formsOf(name: string, main: string | null): readonly string[] {
  const users = userNames(name, main).flatMap((user) => [
    `${before}user:"?${escape(user)}"?${after}`,
    // The sentence of a ban.
    `(?<=\\baccount )${escape(user)}${after}`,
  ])
  const addresses = userNames(name, main).flatMap((one) => {
    const [local, domain] = split(one)
    if (domain === null) return []
    return [...new Set([domain, domainToUnicode(domain) || domain])].flatMap((written) => [
      `${before}(?:${escape(local)}|"${escape(local)}")@${escape(written)}${after}`,
      `(?<==)${escape(written)}=${escape(local)}(?=@)`,
    ])
  })
  return [...users, ...addresses]
}

function split(name: string): readonly [local: string, domain: string | null] {
  const at = name.lastIndexOf('@')
  return at < 0 ? [name, null] : [name.slice(0, at), name.slice(at + 1)]
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, (mark) => `\\${mark}`)
}
