// Personal data in log lines and events: each field name has a privacy class, and the settings say whether a class is kept, replaced by a
// keyed hash or dropped. A field without a class is free text, in which addresses and IPs are recognised by their form.

import { createHmac } from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import { type FieldClass, logFields } from '../lib/log-fields.ts'
import type { Event } from '../observe/events.ts'
import { eventFields } from './event-fields.ts'

export type Treatment = 'keep' | 'hash' | 'drop'

export interface PrivacySettings {
  /** Mail addresses and user names. Their domains are kept: the next hop names them anyway. */
  readonly addresses: Treatment
  /** Client addresses, client names and EHLO arguments. Hosts that receive mail from this node are public. */
  readonly ips: Treatment
  readonly subjects: Treatment
  /** Kept unless the settings say otherwise: with the Message-ID a recipient of the mail finds it in the log. */
  readonly messageIds?: Treatment
  /** In place of a dropped text of an event; `(dropped)` if it is not given. */
  readonly dropped?: string
  /** The key of the hash now: equal values have equal hashes while it is the same, and without the key a guess cannot be tested. */
  readonly hashKey: () => Buffer
}

/** Fields by their names. */
type Fields = Readonly<Record<string, unknown>>

/** In place of a text in a sentence. */
const DROPPED = '(dropped)'
/** Bytes of a hash, 80 bits: the least to which RFC 2104 section 5 lets an HMAC be cut. */
const HASH_BYTES = 10

const classes: Readonly<Record<string, FieldClass>> = { ...logFields, ...eventFields }

/** A user name as smtp/origin.ts writes it into texts, or a mail address. */
const personShape =
  /\buser:(?:"(?:[^"\\]|\\.){0,512}"|[^\s"<>()[\],;:]{1,512})|(?:"(?:[^"\\]|\\.){0,128}"|[^\s<>()[\]"',;:]{1,128})@[A-Za-z0-9\u{80}-\u{10ffff}.[\]:-]{1,255}/gu
/** A client with its name, as in the event ledger. */
const namedClient = /^([^[\]]+)\[([^[\]]+)\]$/
const ipShape =
  /(?<![0-9A-Za-z.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d{1,3}){0,3})(?![0-9A-Za-z:])/g

export interface Privacy {
  /** The fields as they may be logged; dropped ones are missing. */
  apply(fields: Fields): Record<string, unknown>
  /** The fields of an event for a line with a time: `event` with its kind, and the others but for `at`. */
  lineFields(event: Event): Record<string, unknown>
  /** An event with all its fields, for a sentence about it: a dropped text is replaced by `(dropped)`. */
  event(event: Event): Event
  /** Free text, in which personal data is replaced as the settings say. */
  text(text: string): string
}

export function createPrivacy(settings: PrivacySettings): Privacy {
  const hash = keyedHash(settings.hashKey)
  const address = hashedAddress(hash)
  const text = textTreatment(settings, hash)
  const one = (fieldClass: FieldClass, value: string): string | undefined => {
    switch (fieldClass) {
      case 'open':
      // The record of who did it must stay.
      case 'operator':
        return value
      case 'message-id':
        return treat(settings.messageIds ?? 'keep', value, (id) => `#${hash(id)}`)
      case 'address':
        return treat(settings.addresses, value, address)
      case 'ip':
        return treat(settings.ips, value, (named) => hashedClient(named, hash))
      case 'subject':
        return treat(settings.subjects, value, (subject) => `#${hash(subject)}`)
      case 'origin':
        return origin(value, (user) => treat(settings.addresses, user, address))
      case 'text':
        return text(value)
    }
  }
  const deep = (fieldClass: FieldClass, value: unknown): unknown => {
    if (typeof value === 'string') return one(fieldClass, value)
    if (Array.isArray(value)) return value.map((item) => deep(fieldClass, item)).filter((item) => item !== undefined)
    if (value instanceof Error) return text(value.stack ?? value.message)
    return value !== null && typeof value === 'object' ? apply(value as Fields) : value
  }
  const add = (result: Record<string, unknown>, name: string, value: unknown): void => {
    if (value === undefined || value === null) return
    const treated = deep(Object.hasOwn(classes, name) ? (classes[name] as FieldClass) : 'text', value)
    if (treated !== undefined) result[name] = treated
  }
  const apply = (fields: Fields): Record<string, unknown> => {
    const result: Record<string, unknown> = {}
    for (const name of Object.keys(fields)) add(result, name, fields[name])
    return result
  }
  const lineFields = (event: Event): Record<string, unknown> => {
    const result: Record<string, unknown> = { event: event.kind }
    for (const name in event) if (name !== 'kind' && name !== 'at') add(result, name, event[name as keyof Event])
    return result
  }
  return {
    apply,
    lineFields,
    event: (event) => treatedEvent(event, apply({ ...event }), settings.dropped ?? DROPPED),
    text,
  }
}

type Hash = (value: string) => string

/** The domain stays: the next hop names it anyway. */
function hashedAddress(hash: Hash): Hash {
  return (value) => {
    const at = value.lastIndexOf('@')
    return at < 0 ? `#${hash(value)}` : `#${hash(value)}${value.slice(at)}`
  }
}

/** Free text: people and clients are found by their form. */
function textTreatment({ addresses, ips }: PrivacySettings, hash: Hash): Hash {
  const address = hashedAddress(hash)
  const personIn = (found: string): string =>
    found.startsWith('user:')
      ? origin(found.replaceAll('"', ''), (user) => treat(addresses, user, address))
      : (treat(addresses, found, address) ?? '<address>')
  const clientIn = (found: string): string =>
    isIPv4(found) || isIPv6(found) ? (treat(ips, found, (ip) => `#${hash(ip)}`) ?? '<ip>') : found
  return (value) => {
    const named = addresses === 'keep' ? value : value.replace(personShape, personIn)
    return ips === 'keep' ? named : named.replace(ipShape, clientIn)
  }
}

/** Undefined if the value is dropped. */
function treat(treatment: Treatment, value: string, hashed: (value: string) => string): string | undefined {
  return treatment === 'keep' ? value : treatment === 'hash' ? hashed(value) : undefined
}

function keyedHash(key: PrivacySettings['hashKey']): (value: string) => string {
  return (value) =>
    createHmac('sha256', key())
      .update(value.toLowerCase())
      .digest('hex')
      .slice(0, 2 * HASH_BYTES)
}

/** The event with its treated fields. The classes keep the type of every field. */
function treatedEvent(event: Event, treated: Readonly<Record<string, unknown>>, marker: string): Event {
  const dropped = Object.entries(event).filter(([name, value]) => typeof value === 'string' && !(name in treated))
  return { ...event, ...treated, ...Object.fromEntries(dropped.map(([name]) => [name, marker])) } as Event
}

/** Hashes name and address of `mail.example.net[192.0.2.1]` apart, so that a client is found by its address with or without a name. */
function hashedClient(value: string, hash: (text: string) => string): string {
  const [, name, ip] = namedClient.exec(value) ?? []
  if (name === undefined || ip === undefined) return `#${hash(value)}`
  return `${name === 'unknown' ? name : `#${hash(name)}`}[#${hash(ip)}]`
}

/** Only `user:NAME` identifies a person; peers and machines do not. */
function origin(value: string, treat: (user: string) => string | undefined): string {
  if (!value.startsWith('user:')) return value
  // A user name has no space, and the label of an app password names no person.
  const [name = '', app = ''] = value.slice('user:'.length).split(/(?= \(app )/)
  const user = treat(name)
  return user === undefined ? `user${app}` : `user:${user}${app}`
}
