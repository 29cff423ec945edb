// The shipped DNS lists as the check of the fleet asks them about its addresses, with what to do about an entry.

import { loadShippedDnsLists, type ShippedDnsList } from '../config/dns-lists-file.ts'
import type { DnsList } from '../filter/dns-lists.ts'
import type { ListContact } from '../published/check-lists.ts'

export interface ShippedLists {
  readonly lists: readonly DnsList[]
  readonly contacts: ReadonlyMap<string, ListContact>
  /** For all lists together. A check waits longer than a client. */
  readonly timeoutMs: number
}

const TIMEOUT_MS = 10_000

/**
 * Those that can be asked without a key, and those of the node, which may have one.
 * @param own the lists of a node
 */
export function shippedLists(own: readonly DnsList[] = []): ShippedLists {
  const shipped = [...loadShippedDnsLists().lists.values()]
  return {
    lists: shipped.flatMap((one) => {
      const keyed = own.find(({ name }) => name === one.name)
      return keyed ?? (one.zone === undefined ? [] : listOf(one, one.zone))
    }),
    contacts: new Map(
      shipped.map(({ name, contact, answers }) => [
        name,
        { contact, allows: answers.some(({ points }) => points < 0) },
      ]),
    ),
    timeoutMs: TIMEOUT_MS,
  }
}

function listOf({ name, kinds, domains, answers, errors, test, url }: ShippedDnsList, zone: string): DnsList {
  return { name, zone, key: null, kinds, domains, answers, errors, url: url ?? null, testDomain: test }
}
