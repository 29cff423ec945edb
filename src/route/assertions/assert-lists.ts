// What an assertion says about the own lists. It assumes that a listed sender or author is proven.

import { domainOf } from '../../smtp/mailbox.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Refusal } from '../../smtp/reply.ts'
import { describeListEntry } from '../operator-lists.ts'
import type { ListEntry, ListSubject, OwnLists } from '../operator-lists.ts'
import type { Assertion } from './read-assertion.ts'

interface ListAnswer {
  /** The entry that would refuse the message; null if there is none, or if an entry of the allow list goes before it. */
  readonly block: ListEntry | null
  readonly allow: ListEntry | null
}

export function answerOfLists(lists: OwnLists, assertion: Assertion, at: number): ListAnswer {
  const { client = {}, forwardPath: recipient, reversePath: sender } = assertion
  const { ip = null, host = null, helo = null } = client
  const author = client.fromDomain ?? (sender === null ? null : domainOf(sender))
  const subject: ListSubject = { ip, host, helo, sender, recipient, authors: author === null ? [] : [author], at }
  const [allow = null] = lists.find('allow', subject)
  const isContact = /^(?:postmaster|abuse)(?:@|$)/i.test(recipient)
  const blocking = lists.find('block', subject)
  const block = blocking.find(({ conditions }) => !isContact || conditions.recipient !== undefined) ?? null
  return { allow, block: allow === null ? block : null }
}

/** As the node refuses, with the usual text in short. */
export function blockReply(entry: ListEntry): Refusal {
  return refusal(550, '5.7.1', entry.reply ?? 'blocked here', describeListEntry(entry))
}

/** `blocked` and `allowed` are true, false, or the name of the entry. */
export function listFaults({ blocked, allowed }: Assertion, { block, allow }: ListAnswer): readonly string[] {
  return [...faults('blocked', blocked, block), ...faults('allowed', allowed, allow)]
}

function faults(what: string, expected: boolean | string | undefined, entry: ListEntry | null): readonly string[] {
  if (expected === undefined) return []
  if (entry === null) return expected === false ? [] : [`it is not ${what}`]
  if (expected === false) return [`it is ${what} by ${describeListEntry(entry)}`]
  return expected === true || expected === entry.name ? [] : [`it is ${what} by ${describeListEntry(entry)}`]
}
