// Reads one routing assertion by the rules of routing data: bare names belong to the main domain, names are compared in their normal
// form, `yes` is true. An unreadable part is an error: an assertion that compares nothing would always pass.

import { isIP } from 'node:net'
import { addressKey, parseAddress, printAddress, splitAddresses } from '../../directory/address.ts'
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
  /** Whether it is, or the start of the reply. */
  readonly refused?: boolean | string
  readonly discarded?: boolean
  /** The client, for the own lists; absent if nothing is said about it. */
  readonly client?: AssertedClient
  /** Whether an entry of an own list is for it, or the name of the entry. */
  readonly blocked?: boolean | string
  readonly allowed?: boolean | string
}

interface AssertedClient {
  readonly ip?: string
  readonly host?: string
  readonly helo?: string
  /** The domain of the author; without it, that of the sender. */
  readonly fromDomain?: string
}

/** The sender of an assertion without `from`. */
const DEFAULT_SENDER = 'stranger@assertions.invalid'
const expectations = ['to', 'next_hop', 'refused', 'discarded', 'blocked', 'allowed']
const clientKeys = { client: 'ip', host: 'host', helo: 'helo', from_domain: 'fromDomain' } as const
const knownKeys = ['address', 'from', ...Object.keys(clientKeys), ...expectations, 'comment']

interface Reading {
  readonly item: LocatedMap
  readonly mainDomain: string
  readonly list: ProblemList
}

/** Null, with the problems reported, if any part is invalid. */
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
  const hasExpectation = expectations.some((key) => entryOf(item, key))
  if (!hasExpectation) error(item.place, `an assertion needs at least one of ${expectations.join(', ')}`)
  const assertion = readFields(reading)
  return faults === 0 ? assertion : null
}

function readFields(reading: Reading): Assertion {
  const [address] = mailboxes(reading, 'address') ?? []
  const from = entryOf(reading.item, 'from')
  const isBounce = from !== undefined && ['<>', ''].includes(textOf(from.value) ?? '')
  const [sender] = isBounce ? [] : (mailboxes(reading, 'from') ?? [])
  const to = mailboxes(reading, 'to')?.map(addressKey)
  const nextHops = texts(reading, 'next_hop')?.map(({ text }) => text.toLowerCase())
  const refused = flagOrText(reading, 'refused')
  const discarded = flagOrText(reading, 'discarded')
  if (typeof discarded === 'string') report(reading, 'discarded', 'true or false')
  return {
    forwardPath: address ? printAddress(address) : '',
    reversePath: isBounce ? null : sender ? printAddress(sender) : DEFAULT_SENDER,
    ...(to ? { to } : {}),
    ...(nextHops ? { nextHops } : {}),
    ...(refused === undefined ? {} : { refused }),
    ...(typeof discarded === 'boolean' ? { discarded } : {}),
    ...readLists(reading),
  }
}

function readLists(reading: Reading): Pick<Assertion, 'client' | 'blocked' | 'allowed'> {
  const [blocked, allowed] = [flagOrText(reading, 'blocked'), flagOrText(reading, 'allowed')]
  const said = Object.entries(clientKeys).flatMap(([key, field]) => {
    const value = entryOf(reading.item, key)?.value
    if (!value) return []
    const text = textOf(value)?.trim() ?? ''
    if (text === '' || (key === 'client' && isIP(text) === 0))
      report(reading, key, key === 'client' ? 'an IP address' : 'a name')
    return [[field, text]]
  })
  return {
    ...(said.length > 0 ? { client: Object.fromEntries(said) as AssertedClient } : {}),
    ...(blocked === undefined ? {} : { blocked }),
    ...(allowed === undefined ? {} : { allowed }),
  }
}

function mailboxes(reading: Reading, key: string): readonly Mailbox[] | undefined {
  return texts(reading, key)?.flatMap(({ text, value }) => {
    const address = parseAddress(text.includes('@') ? text : `${text}@${reading.mainDomain}`)
    if (!address) reading.list.error(value.place, `"${text}" is not an address`)
    return address ?? []
  })
}

/** A text or a list of texts; a text may hold several with commas, as targets do. */
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
    return splitAddresses(text ?? '').map((part) => ({ text: part, value }))
  })
}

const flagTexts: Readonly<Record<string, string>> = {
  refused: 'true, false or the start of a reply',
  blocked: 'true, false or the name of an entry',
  allowed: 'true, false or the name of an entry',
}

function flagOrText(reading: Reading, key: string): boolean | string | undefined {
  const value = entryOf(reading.item, key)?.value
  if (!value) return undefined
  if (value.kind === 'scalar' && typeof value.value === 'boolean') return value.value
  const text = textOf(value)
  if (text === null) report(reading, key, flagTexts[key] ?? 'true or false')
  return text === 'true' || text === 'false' ? text === 'true' : (text ?? undefined)
}

function report(reading: Reading, key: string, expected: string): void {
  const value = entryOf(reading.item, key)?.value
  if (value) reading.list.error(value.place, `"${key}": expected ${expected}, found ${describeLocated(value)}`)
}
