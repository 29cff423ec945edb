// What one routing assertion says, read like the data that it is about: bare names belong to the main domain, names are compared in
// their normal form, `yes` is true. Whatever cannot be read is told: an assertion that compares nothing would hold for ever.
// Room: route.

import { addressKey, parseAddress, printAddress } from '../../directory/address.ts'
import { describeLocated, entryOf, textOf } from '../../directory/located.ts'
import type { Located, LocatedMap } from '../../directory/located.ts'
import type { ProblemList } from '../../directory/data-problem.ts'
import type { Mailbox } from '../../smtp/mailbox.ts'

export interface Assertion {
  readonly forwardPath: string
  /** Null for a bounce. */
  readonly reversePath: string | null
  /** Keys of addresses. */
  readonly to?: readonly string[]
  /** In lower case. */
  readonly nextHops?: readonly string[]
  /** Whether it is, or the beginning of the reply. */
  readonly refused?: boolean | string
  readonly discarded?: boolean
}

/** The sender, if an assertion names none: a stranger. */
const STRANGER = 'stranger@assertions.invalid'
const knownKeys = ['address', 'from', 'to', 'next_hop', 'refused', 'discarded', 'comment']

interface Reading {
  readonly item: LocatedMap
  readonly mainDomain: string
  readonly list: ProblemList
}

/** Null, with everything told, if any word of it cannot be read. */
export function readAssertion(item: Located, mainDomain: string, problems: ProblemList): Assertion | null {
  if (item.kind !== 'map') {
    problems.error(item.place, `expected a record with address, found ${describeLocated(item)}`)
    return null
  }
  let faults = 0
  const error: ProblemList['error'] = (place, message) => {
    faults += 1
    problems.error(place, message)
  }
  const reading: Reading = { item, mainDomain, list: { ...problems, error } }
  for (const entry of item.entries) {
    if (!knownKeys.includes(entry.key))
      problems.error(entry.place, `unknown key "${entry.key}": expected ${knownKeys.join(', ')}`)
  }
  if (!entryOf(item, 'address')) error(item.place, 'an assertion needs an address')
  const says = ['to', 'next_hop', 'refused', 'discarded'].some((key) => entryOf(item, key))
  if (!says) error(item.place, 'an assertion says to, next_hop, refused or discarded')
  const words = readWords(reading)
  return faults === 0 ? words : null
}

function readWords(reading: Reading): Assertion {
  const [address] = mailboxes(reading, 'address') ?? []
  const from = entryOf(reading.item, 'from')
  const isBounce = from !== undefined && ['<>', ''].includes(textOf(from.value) ?? '')
  const [sender] = isBounce ? [] : (mailboxes(reading, 'from') ?? [])
  const to = mailboxes(reading, 'to')?.map(addressKey)
  const nextHops = texts(reading, 'next_hop')?.map(({ text }) => text.toLowerCase())
  const refused = flagOrText(reading, 'refused')
  const discarded = flagOrText(reading, 'discarded')
  if (typeof discarded === 'string') tell(reading, 'discarded', 'true or false')
  return {
    forwardPath: address ? printAddress(address) : '',
    reversePath: isBounce ? null : sender ? printAddress(sender) : STRANGER,
    ...(to ? { to } : {}),
    ...(nextHops ? { nextHops } : {}),
    ...(refused === undefined ? {} : { refused }),
    ...(typeof discarded === 'boolean' ? { discarded } : {}),
  }
}

function mailboxes(reading: Reading, key: string): readonly Mailbox[] | undefined {
  return texts(reading, key)?.flatMap(({ text, value }) => {
    const address = parseAddress(text.includes('@') ? text : `${text}@${reading.mainDomain}`)
    if (!address) reading.list.error(value.place, `"${text}" is no address`)
    return address ?? []
  })
}

/** One text or a list of them; several in one with commas, as targets are written. */
function texts(
  reading: Reading,
  key: string,
): readonly { readonly text: string; readonly value: Located }[] | undefined {
  const entry = entryOf(reading.item, key)
  if (!entry) return undefined
  const items = entry.value.kind === 'list' ? entry.value.items : [entry.value]
  return items.flatMap((value) => {
    const text = textOf(value)
    if (text === null)
      reading.list.error(value.place, `"${key}": expected a text or a list of texts, found ${describeLocated(value)}`)
    const parts = text?.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? []
    return parts.flatMap((part) => (part.trim() === '' ? [] : { text: part.trim(), value }))
  })
}

function flagOrText(reading: Reading, key: string): boolean | string | undefined {
  const value = entryOf(reading.item, key)?.value
  if (!value) return undefined
  if (value.kind === 'scalar' && typeof value.value === 'boolean') return value.value
  const text = textOf(value)
  if (text === null) tell(reading, key, key === 'refused' ? 'true, false or the beginning of a reply' : 'true or false')
  return text === 'true' || text === 'false' ? text === 'true' : (text ?? undefined)
}

function tell(reading: Reading, key: string, expected: string): void {
  const value = entryOf(reading.item, key)?.value
  if (value) reading.list.error(value.place, `"${key}": expected ${expected}, found ${describeLocated(value)}`)
}
