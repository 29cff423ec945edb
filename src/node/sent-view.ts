// The mail that a person sent through this node, with what became of it, from the state of accounts and the ledger.

import type { Event } from '../observe/events.ts'
import { namesOfOrigin, originOfName } from '../policy/account-name.ts'
import type { QueueReader } from '../queue/contract/queue-reader.ts'
import type { SentMessage, SentPage, SentResult } from '../self-service/service-ports.ts'
import { domainOf } from '../smtp/mailbox.ts'
import type { AccountWatch } from './account-watch.ts'

export interface SentViewParts {
  readonly accounts: Pick<AccountWatch, 'sentBy'>
  readonly reader: Pick<QueueReader, 'trace'>
}

/** Each message is one question to the ledger. */
const PAGE_SIZE = 20
/** Of a message: a mailing to more is shown in part. */
const MOST_RESULTS = 10
const MOST_REPLY = 200

/** Words for a person. Other kinds leave the result as it is. */
const words = {
  delivered: 'delivered',
  transferred: 'passed on',
  deferred: 'waiting for the next attempt',
  failed: 'returned to you',
  expired: 'returned to you',
  bounced: 'returned to you',
  removed: 'removed by an administrator',
  discarded: 'dropped by a rule',
  held: 'on hold',
  released: 'waiting',
  resolved: 'waiting',
} as const satisfies Partial<Record<Event['kind'], string>>

/** @param before unix milliseconds */
export async function sentView(
  { accounts, reader }: SentViewParts,
  identity: string,
  before: number,
): Promise<SentPage> {
  // One more shows whether there is another page.
  const rows = (await accounts.sentBy(`user:${identity}`, { after: 0, before, limit: PAGE_SIZE + 1 })) ?? []
  const shown = rows.slice(0, PAGE_SIZE)
  const messages = await Promise.all(
    shown.map(async ({ queueId, account, at }): Promise<SentMessage> => {
      const { events } = await reader.trace(queueId)
      return { at, app: originOfName(account).app, results: resultsOf(events.filter((one) => one.queueId === queueId)) }
    }),
  )
  return { messages, olderBefore: rows.length > PAGE_SIZE ? (shown.at(-1)?.at ?? null) : null }
}

interface Latest {
  readonly result: string
  readonly reply: string
}

/** The last event of each recipient counts. */
function resultsOf(events: readonly Event[]): readonly SentResult[] {
  const latest = new Map<string, Latest>()
  const isOwn = events.some((one) => one.kind === 'received' && namesOfOrigin(one.origin) !== null)
  for (const event of isOwn ? events : []) {
    const word = Object.hasOwn(words, event.kind) ? words[event.kind as keyof typeof words] : undefined
    if (word === undefined || event.recipient === undefined) continue
    latest.set(event.recipient, { result: word, reply: 'reply' in event ? replyOf(event.reply) : '' })
  }
  const groups = new Map<string, SentResult>()
  for (const [recipient, { result, reply }] of latest) {
    const domain = domainOf(recipient) || 'this server'
    const key = JSON.stringify([domain, result])
    groups.set(key, { domain, result, reply, recipients: (groups.get(key)?.recipients ?? 0) + 1 })
  }
  return [...groups.values()].slice(0, MOST_RESULTS)
}

/** The text of another host, in one line. */
function replyOf(reply: string): string {
  const line = reply.replaceAll(/\s+/g, ' ').trim()
  return line.length > MOST_REPLY ? `${line.slice(0, MOST_REPLY)}…` : line
}
