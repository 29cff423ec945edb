// Authenticated clients may use only their own addresses in From:, Sender: and Resent-From: (RFC 6409 8.1), because the node signs what they
// send. Without this check a stolen account could write under the name of every other person. What a mail program wrote carelessly is
// repaired instead: names without quotes, a Sender: of another, another's address as a name.

import { decodeWords, writePhrase } from '../../message/encoded-words.ts'
import { writeField } from '../../message/field.ts'
import { readAddressList, readAuthors } from '../../message/from.ts'
import { fieldsNamed } from '../../message/header.ts'
import type { Field } from '../../message/header.ts'
import { readNamedAddress } from '../../message/named-address.ts'
import { addressesAnywhere } from '../../message/shown-authors.ts'
import { domainOf } from '../../smtp/mailbox.ts'
import { isAuthenticated } from '../../smtp/origin.ts'
import type { Authenticated } from '../../smtp/origin.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Refusal } from '../../smtp/reply.ts'
import type { Check, Finding, Mail } from '../check.ts'
import { accept, refuse } from '../verdict.ts'
import type { Verdict } from '../verdict.ts'
import { judgeAddress } from './sender.ts'
import type { MaySendAs } from './sender.ts'

export interface AuthorSettings {
  readonly maySendAs: MaySendAs
  /** Sender:, Resent-From: and Resent-Sender: with an address that the client may not use. */
  readonly senderFields: 'strip' | 'refuse'
  /** A display name in From: that contains an address that the client may not use. */
  readonly displayNames: 'strip' | 'refuse' | 'allow'
}

/** Most addresses in one field; each costs a look-up. */
const MAX_AUTHORS = 20
/** Characters kept of a display name. */
const MAX_NAME = 200

export function authorCheck(settings: AuthorSettings): Check {
  return {
    name: 'author',
    message: async (mail) => {
      const { origin, fields } = mail
      if (!isAuthenticated(origin)) return { verdict: accept }
      const client: Client = { ...settings, who: origin }
      const from = await checkFrom(client, fields)
      if (from.kind === 'refused') return from
      const others = await checkSenderFields(client, fields)
      if (others.kind === 'refused') return others
      return { verdict: accept, senderProven: true, ...repaired(mail, from, others.stripped) }
    },
  }
}

interface Client extends AuthorSettings {
  readonly who: Authenticated
}

type Refused = { readonly kind: 'refused'; readonly verdict: Verdict }

interface FromRead {
  readonly kind: 'read'
  readonly addresses: readonly string[]
  /** The value that replaces that of the field; null if the field stays. */
  readonly repair: { readonly value: string; readonly why: string } | null
}

async function checkFrom(client: Client, fields: readonly Field[]): Promise<FromRead | Refused> {
  const from = fieldsNamed(fields, 'from')
  const value = from[0]?.value ?? ''
  const strict = readAuthors(fields)
  // RFC 5322 3.4: the one address in angle brackets is the author, whatever its name looks like.
  const named = from.length === 1 ? readNamedAddress(value) : null
  const isRepaired = strict.problems.length > 0 && named !== null
  const addresses = isRepaired ? [named.address] : strict.addresses
  if (strict.problems.length > 0 && !isRepaired)
    return malformed(`The From: field cannot be read: ${strict.problems[0]}`)
  if (addresses.length === 0) return malformed('The message has no From: address (RFC 5322 3.6)')
  if (addresses.length > MAX_AUTHORS)
    return malformed(`The message has ${addresses.length} From: addresses, the limit is ${MAX_AUTHORS}`)
  const refusedAddress = await firstRefused(client, addresses)
  if (refusedAddress) return refusedAddress
  const foreign = client.displayNames === 'allow' ? null : await foreignNames(client, value, addresses)
  if (foreign && 'kind' in foreign) return foreign
  if (foreign && client.displayNames === 'refuse') return refusedBy(foreignName(foreign.address))
  const isForeign = foreign !== null
  if (!isForeign && !isRepaired) return { kind: 'read', addresses, repair: null }
  const why = isForeign ? `its name contains ${foreign.address}` : (strict.problems[0] ?? '')
  return { kind: 'read', addresses, repair: { value: cleanFrom(addresses, named?.name ?? '', isForeign), why } }
}

/** The first address of the display names that the client may not use, or null; a refusal while that cannot be decided. */
async function foreignNames(
  client: Client,
  value: string,
  authors: readonly string[],
): Promise<{ readonly address: string } | Refused | null> {
  const own = new Set(authors.map((one) => one.toLowerCase()))
  // A name of one label, as in `Lee@Home`, is no address.
  const others = addressesAnywhere(value).filter((one) => !own.has(one.toLowerCase()) && domainOf(one).includes('.'))
  const [first] = others
  if (first === undefined) return null
  if (others.length > MAX_AUTHORS) return { address: first }
  for (const address of others) {
    const verdict = await judgeAddress(client.maySendAs, client.who, address)
    if (verdict.kind === 'reject') return { address }
    if (verdict.kind === 'defer') return { kind: 'refused', verdict }
  }
  return null
}

/** With several authors the names are omitted: which name belongs to which address may be what was not readable. */
function cleanFrom(addresses: readonly string[], name: string, isForeign: boolean): string {
  const [only, ...others] = addresses
  if (others.length > 0 || name === '') return addresses.map((one) => `<${one}>`).join(', ')
  const text = isForeign ? decodeWords(name).replaceAll(/\s*@\s*/g, ' at ') : name
  return `${writePhrase(text.slice(0, MAX_NAME).toWellFormed())} <${only}>`
}

const resentFields = ['resent-from', 'resent-sender']

interface SenderFieldsRead {
  readonly kind: 'read'
  /** Names of fields to remove, in lower case, with the address that is not the client's. */
  readonly stripped: ReadonlyMap<string, string>
}

/** Sender: (RFC 5322 3.6.2) and the fields of a resent message (3.6.6). */
async function checkSenderFields(client: Client, fields: readonly Field[]): Promise<SenderFieldsRead | Refused> {
  const stripped = new Map<string, string>()
  for (const field of fields) {
    if (field.key !== 'sender' && !resentFields.includes(field.key)) continue
    const addresses = addressesOf(field)
    const verdict = await firstRefused(client, addresses.slice(0, MAX_AUTHORS))
    if (verdict?.verdict.kind === 'defer') return verdict
    const isOwn = verdict === null && addresses.length > 0 && addresses.length <= MAX_AUTHORS
    if (isOwn || (field.value === '' && client.senderFields === 'refuse')) continue
    if (client.senderFields === 'refuse') return verdict ?? malformed(`The ${field.name}: field cannot be read`)
    // The fields of a resent block belong together (3.6.6).
    const names = field.key === 'sender' ? ['sender'] : resentNames(fields)
    for (const name of names) stripped.set(name, addresses[0] ?? 'no readable address')
  }
  return { kind: 'read', stripped }
}

/** Every address that the field names; those of a malformed one as programs may read them. */
function addressesOf({ value }: Field): readonly string[] {
  const { addresses, problems } = readAddressList(value)
  return problems.length === 0 ? addresses : addressesAnywhere(value)
}

function resentNames(fields: readonly Field[]): readonly string[] {
  return [...new Set(fields.map((one) => one.key).filter((key) => key.startsWith('resent-')))]
}

/** Null if the client may use all of them. */
async function firstRefused(client: Client, addresses: readonly string[]): Promise<Refused | null> {
  for (const address of addresses) {
    const verdict = await judgeAddress(client.maySendAs, client.who, address)
    if (verdict.kind !== 'accept') return { kind: 'refused', verdict }
  }
  return null
}

/** The edits and the event of a message that is accepted with changes. */
function repaired(
  { queueId, at }: Mail,
  { addresses, repair }: FromRead,
  stripped: ReadonlyMap<string, string>,
): Pick<Finding, 'fields' | 'events'> {
  if (repair === null && stripped.size === 0) return {}
  const [author, ...others] = addresses
  // Several authors need a Sender: (RFC 5322 3.6.2).
  const needsSender = stripped.has('sender') && others.length > 0 && author !== undefined
  const insert = [
    ...(repair ? [writeField('From', repair.value)] : []),
    ...(needsSender ? [writeField('Sender', `<${author}>`)] : []),
  ]
  const remove = [...(repair ? ['from'] : []), ...stripped.keys()]
  const detail = [
    ...(repair ? [`From: now ${repair.value} (${repair.why})`] : []),
    ...[...stripped].map(([name, address]) => `${name} removed (${address})`),
  ].join('; ')
  return {
    fields: { remove, add: Buffer.alloc(0), insert: Buffer.concat(insert) },
    events: [{ kind: 'checked', at, queueId, check: 'author', result: 'repaired', detail }],
  }
}

function refusedBy(reply: Refusal): Refused {
  return { kind: 'refused', verdict: refuse(reply) }
}

function malformed(text: string): Refused {
  return refusedBy(refusal(550, '5.6.0', text))
}

function foreignName(address: string): Refusal {
  return refusal(553, '5.7.1', `The name in From: contains <${address}>, which you are not allowed to use`)
}
