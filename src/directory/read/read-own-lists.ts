// Reads the own lists of allowed and blocked mail. Every value is checked, because an entry that never matches looks like one that works.

import { parseNetwork } from '../../lib/ip-address.ts'
import { isIPv6 } from 'node:net'
import { addressKey, parseAddress } from '../address.ts'
import type { ListConditions, ListEntry, ListName } from '../directory.ts'
import type { Located, LocatedEntry, LocatedMap } from '../located.ts'
import { describeLocated, entryOf, refuseUnknown, textOf, textUnder } from '../located.ts'
import type { Place } from '../data-problem.ts'
import { readListDomain } from './read-list-domain.ts'
import { readAddress, readOwnAddress, sourceAt } from './snapshot-builder.ts'
import type { SnapshotBuilder } from './snapshot-builder.ts'
import { readUntil } from './read-until.ts'

/** Reads one value of a condition; null, with a problem reported, if it is invalid. */
type ValueReader = (builder: SnapshotBuilder, text: string, place: Place) => string | null

const readers: Readonly<Record<string, readonly [keyof ListConditions, ValueReader]>> = {
  network: ['network', readNetwork],
  host: ['host', (...given) => readListDomain(...given, 'host')],
  helo: ['helo', readHelo],
  sender: ['sender', readSender],
  sender_domain: ['senderDomain', (...given) => readListDomain(...given, 'domain')],
  recipient: ['recipient', readRecipient],
  recipient_domain: ['recipientDomain', (...given) => readListDomain(...given, 'own')],
  from_domain: ['fromDomain', (...given) => readListDomain(...given, 'domain')],
}

const conditionKeys = Object.keys(readers)
const commonKeys = ['until', 'comment', 'ensure']

/** `mail::allow` and `mail::block`: a list of entries, or entries by name, which levels of a hierarchy can override. */
export function readOwnList(builder: SnapshotBuilder, list: ListName, value: Located): void {
  if (value.kind === 'list') for (const item of value.items) readEntry(builder, { list, name: null }, item)
  else if (value.kind === 'map') for (const entry of value.entries) readNamed(builder, list, entry)
  else
    builder.problems.error(
      value.place,
      `expected a list of entries, or entries by name, found ${describeLocated(value)}`,
    )
}

function readNamed(builder: SnapshotBuilder, list: ListName, { key, place, value }: LocatedEntry): void {
  const known = builder.listNames.get(`${list} ${key}`)
  if (known === undefined) {
    builder.listNames.set(`${list} ${key}`, sourceAt(place))
    readEntry(builder, { list, name: key }, value, place)
  } else if (builder.overriding) builder.problems.warn(place, `"${key}" is hidden by ${known}`)
  else builder.problems.error(place, `duplicate "${key}", first written at ${known}`)
}

function readEntry(
  builder: SnapshotBuilder,
  { list, name }: Pick<ListEntry, 'list' | 'name'>,
  item: Located,
  place: Place = item.place,
): void {
  const { problems } = builder
  if (item.kind !== 'map') {
    const example = list === 'block' ? '{ network: 192.0.2.0/24, reply: … }' : '{ network: 192.0.2.0/24 }'
    problems.error(item.place, `expected an entry such as ${example}, found ${describeLocated(item)}`)
    return
  }
  refuseUnknown(item, [...conditionKeys, ...(list === 'block' ? ['reply'] : []), ...commonKeys], problems)
  if (textUnder(item, 'ensure') === 'absent') return
  const conditions = readConditions(builder, item)
  refuseUseless(builder, { list, item, conditions })
  const reply = readReply(builder, item)
  const until = entryOf(item, 'until')
  const end = until ? readUntil(builder.problems, until.value) : null
  const comment = textUnder(item, 'comment') ?? item.comment
  builder.listEntries.push({
    list,
    name,
    conditions,
    source: sourceAt(place),
    ...(reply === null ? {} : { reply }),
    ...(end === null ? {} : { until: end }),
    ...(comment === undefined ? {} : { comment }),
  })
}

function readConditions(builder: SnapshotBuilder, item: LocatedMap): ListConditions {
  const found = item.entries.flatMap(({ key, value }) => {
    const known = readers[key]
    if (!known) return []
    const [condition, read] = known
    const items = value.kind === 'list' ? value.items : [value]
    if (items.length === 0) builder.problems.error(value.place, `"${key}": expected at least one value`)
    const values = items.flatMap((one) => {
      const text = textOf(one)
      if (text === null)
        builder.problems.error(one.place, `"${key}": expected a text or a list of texts, found ${describeLocated(one)}`)
      return text === null ? [] : (read(builder, text.trim(), one.place) ?? [])
    })
    return [[condition, [...new Set(values)]] as const]
  })
  return Object.fromEntries(found)
}

/** Entries that would match nothing, everything, or more than they say. */
function refuseUseless(
  { problems }: SnapshotBuilder,
  {
    list,
    item,
    conditions,
  }: { readonly list: ListName; readonly item: LocatedMap; readonly conditions: ListConditions },
): void {
  const { sender, fromDomain, recipient, recipientDomain } = conditions
  const count = Object.keys(conditions).length
  if (count === 0) problems.error(item.place, `an entry needs at least one of ${conditionKeys.join(', ')}`)
  if (list === 'allow' && sender?.includes(''))
    problems.error(item.place, 'the null sender <> proves nothing: allow the network or the host of the client')
  if (list === 'block' && sender?.includes('') && count === 1)
    problems.error(item.place, 'this entry would refuse every bounce (RFC 5321 6.1): add a network, host or recipient')
  if (list === 'block' && fromDomain && (recipient || recipientDomain))
    problems.error(
      item.place,
      'from_domain is known only at the end of data, where a refusal is for all recipients: remove recipient and recipient_domain',
    )
}

function readReply({ problems }: SnapshotBuilder, item: LocatedMap): string | null {
  const entry = entryOf(item, 'reply')
  if (!entry) return null
  const text = textOf(entry.value) ?? ''
  // A reply line carries printable ASCII only (RFC 5321 4.2).
  if (/^[\x20-\x7e]{1,400}$/.test(text)) return text
  problems.error(entry.value.place, 'the reply must have 1 to 400 printable ASCII characters')
  return null
}

function readNetwork({ problems }: SnapshotBuilder, text: string, place: Place): string | null {
  const network = parseNetwork(text)
  const [address = '', bits] = network?.split('/') ?? []
  if (network === null || (isIPv6(address) && address.includes('.')))
    problems.error(place, `"${text}" is not a network such as 192.0.2.0/24, 198.51.100.7 or 2001:db8::/32`)
  else if (Number(bits) === 0) problems.error(place, `"${text}" is every address: name the networks`)
  else return network.toLowerCase()
  return null
}

function readHelo({ problems }: SnapshotBuilder, text: string, place: Place): string | null {
  if (/^[!-~]{1,255}$/.test(text) && !text.startsWith('*')) return text.toLowerCase()
  problems.error(place, `"${text}" is not a name in EHLO, such as mail.example.net, .example.net or [192.0.2.1]`)
  return null
}

function readSender(builder: SnapshotBuilder, text: string, place: Place): string | null {
  if (text === '<>') return ''
  if (parseAddress(text) === null && !text.slice(1).includes('@')) {
    builder.problems.error(place, `"${text}" is not an address: for a whole domain, write sender_domain`)
    return null
  }
  const address = readAddress(builder, text, place)
  return address && addressKey(address)
}

function readRecipient(builder: SnapshotBuilder, text: string, place: Place): string | null {
  const address = readOwnAddress(builder, text, place)
  return address && addressKey(address)
}
