// waypost account show: what an account sends usually and now, its hold, what waits, and what has left.

import { filterOf } from '../../node/account-holds.ts'
import { time } from '../../observe/describe-event.ts'
import type { Event } from '../../observe/events.ts'
import type { QueueReader } from '../../queue/contract/queue-reader.ts'
import { isWaiting } from '../../queue/contract/states.ts'
import { domainOf } from '../../smtp/mailbox.ts'
import type { AccountSigns, Announcement, Movement } from '../../state/brake-contract.ts'
import { type AccountReader, openAccountReader } from '../../state/sqlite/account-access.ts'
import type { HoldRow } from '../../state/sqlite/hold-rows.ts'
import type { AccountName } from '../../state/usage-contract.ts'
import { accountsPath } from '../../wiring/node-paths.ts'
import { type Io, json, line, OK } from '../io.ts'
import { type NodePlace, withDataDirectory } from '../place/node-place.ts'
import { withStateFile } from '../place/with-state-file.ts'
import { withQueueReader } from '../queue/with-queue.ts'
import { announcementText, holdText } from './account-list.ts'

interface ShowOptions extends NodePlace {
  readonly account: AccountName
  /** Unix milliseconds. */
  readonly since: number
  /** Messages. */
  readonly limit: number
  readonly now: number
  readonly json?: boolean
}

/** What became of one recipient. The address is left out: the list may leave the organisation. */
interface Left {
  readonly at: number
  readonly queueId: string
  readonly domain: string
  readonly result: 'delivered' | 'deferred' | 'failed' | 'expired' | 'removed'
  readonly host: string | null
  readonly reply: string
}

interface Shown {
  readonly account: AccountName
  readonly hold: HoldRow | null
  readonly announced: Announcement | null
  readonly signs: AccountSigns | null
  /** Recipients in the queue. */
  readonly waiting: number
  readonly held: number
  readonly left: readonly Left[]
}

export function accountShow(options: ShowOptions, io: Io): Promise<number> | number {
  return withDataDirectory(options, io, (data) =>
    withStateFile({ ...options, data }, { io, pathOf: accountsPath }, (path) =>
      withQueueReader({ ...options, data }, io, async (queue) => {
        const accounts = openAccountReader(path)
        try {
          const shown = await collect(options, accounts, queue)
          if (options.json) json(io.stdout, shown)
          else for (const text of described(shown)) line(io.stdout, text)
          return OK
        } finally {
          accounts?.close()
        }
      }),
    ),
  )
}

async function collect(
  { account, since, limit, now }: ShowOptions,
  accounts: AccountReader | null,
  queue: QueueReader,
): Promise<Shown> {
  const queued = await count(queue, account)
  const left: Left[] = []
  for (const { queueId } of accounts?.sent(account, { after: since, limit }) ?? [])
    left.push(...leftOf((await queue.trace(queueId)).events))
  return {
    account,
    hold: accounts?.holds().find((one) => one.account === account) ?? null,
    announced: accounts?.announcements(now).find((one) => one.account === account) ?? null,
    signs: accounts?.signs(account, now) ?? null,
    ...queued,
    left: left.toSorted((a, b) => a.at - b.at),
  }
}

async function count(queue: QueueReader, account: AccountName) {
  const counted = { waiting: 0, held: 0 }
  for await (const { recipients } of queue.list(filterOf(account)))
    for (const { state } of recipients)
      if (state === 'held') counted.held++
      else if (isWaiting(state) || state === 'claimed') counted.waiting++
  return counted
}

/** The last result of each recipient of a message. */
function leftOf(events: readonly Event[]): readonly Left[] {
  const last = new Map<string, Left>()
  for (const event of events) {
    const { kind, at, queueId, recipient } = event
    if (queueId === null || recipient === undefined) continue
    const base = { at, queueId, domain: domainOf(recipient) }
    if (kind === 'delivered' || kind === 'deferred' || kind === 'failed' || kind === 'expired')
      last.set(recipient, { ...base, result: kind, host: event.host, reply: event.reply })
    else if (kind === 'removed') last.set(recipient, { ...base, result: kind, host: null, reply: event.reason })
  }
  return [...last.values()]
}

function described({ account, hold, announced, signs, waiting, held, left }: Shown): string[] {
  const heldText = hold === null ? `${account}  was never on hold` : holdText(hold)
  return [
    heldText,
    ...(announced ? [announcementText(announced)] : []),
    ...(signs ? signLines(signs) : []),
    `queue, by recipient: ${waiting} waiting, ${held} held`,
    left.length === 0 ? 'nothing has left' : `left, by recipient: ${left.length}`,
    ...left.map(
      ({ at, queueId, domain, result, host, reply }) =>
        `  ${time(at)}  ${queueId}  ${result.padEnd(RESULT_WIDTH)}  ${domain}  ${host ? `${host}: ` : ''}${reply.replaceAll(/\s+/g, ' ')}`,
    ),
  ]
}

const RESULT_WIDTH = 9

function signLines({
  messages,
  recipients,
  newDomains,
  failures,
  complaints,
  judged,
  meanSpam,
}: AccountSigns): string[] {
  const row = (what: string, { hour, day, usual }: Movement) =>
    `${what}: ${hour} in an hour, ${day} in a day, usual day ${usual}`
  return [
    row('messages', messages),
    row('recipients', recipients),
    row('new domains', newDomains),
    `failures: ${failures} in a day`,
    ...(complaints > 0 ? [`complaints: ${complaints} in a day`] : []),
    ...(judged > 0 ? [`spam score: ${meanSpam.toFixed(1)} on average, of ${judged} messages in an hour`] : []),
  ]
}
