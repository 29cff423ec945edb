// A queue in memory for tests of delivery: it keeps the contract about claims, settlements and the backlog, without a disk.

import { plainMail, plainRecipient } from '../../src/smtp/envelope.ts'
import type { Outcome } from '../../src/queue/contract/outcome.ts'
import type {
  Claim,
  ClaimedRecipient,
  DestinationBacklog,
  DestinationSummary,
  Queue,
  Settlement,
  StoredMessage,
} from '../../src/queue/contract/queue.ts'

export interface FakeMail {
  readonly nextHop: string
  readonly to: readonly string[]
  readonly sender?: string | null
  readonly body?: string
  readonly dueAt?: number
}

type State = 'waiting' | 'claimed' | Outcome['kind']

interface Row {
  readonly recipient: ClaimedRecipient
  readonly message: StoredMessage
  state: State
  attempt: number
  dueAt: number
  readonly outcomes: Outcome[]
}

export interface FakeQueue extends Pick<Queue, 'claim' | 'settle' | 'release' | 'destinations' | 'backlog' | 'watch'> {
  /** Queues a mail; its queue id. */
  add(mail: FakeMail): string
  /** Queues a mail as `accept` with `claim` does. */
  addClaimed(mail: FakeMail): Claim[]
  /** Every outcome that an address got, oldest first. */
  outcomes(address: string): readonly Outcome[]
  state(address: string): State | undefined
  attempts(address: string): number
  count(state: State): number
  readonly calls: { claim: number; settle: number; release: number }
  /** While set, every call that needs a commit rejects with it. */
  failure: Error | null
}

/** @param retryMs gap to the next attempt of a deferred recipient */
export function createFakeQueue(now: () => number, retryMs = 300_000): FakeQueue {
  const rows: Row[] = []
  const watchers = new Set<(nextHops: readonly string[]) => void>()
  const publish = (nextHops: readonly string[]) => {
    for (const watcher of watchers) watcher(nextHops)
  }
  let nextId = 1
  const byAddress = (address: string) => rows.find(({ recipient }) => recipient.address === address)
  const queue: FakeQueue = {
    calls: { claim: 0, settle: 0, release: 0 },
    failure: null,
    add: (mail) => {
      const made = makeRows(mail, { now: now(), nextId })
      nextId += made.length
      rows.push(...made)
      publish([mail.nextHop])
      return made[0]?.message.queueId ?? ''
    },
    addClaimed: (mail) => {
      const made = makeRows(mail, { now: now(), nextId })
      nextId += made.length
      rows.push(...made)
      return claimsOf(made)
    },
    outcomes: (address) => byAddress(address)?.outcomes ?? [],
    state: (address) => byAddress(address)?.state,
    attempts: (address) => byAddress(address)?.attempt ?? 0,
    count: (state) => rows.filter((row) => row.state === state).length,
    claim: async ({ nextHop, limit, now: at }) => {
      queue.calls.claim++
      await turn(queue)
      const due = rows.filter((row) => isWaiting(row) && row.recipient.nextHop === nextHop && row.dueAt <= at)
      const ids = [...new Set(due.map(({ message }) => message.queueId))].slice(0, limit)
      const claims = claimsOf(due.filter(({ message }) => ids.includes(message.queueId)))
      publish([nextHop])
      return claims
    },
    settle: async (settlement) => {
      queue.calls.settle++
      await turn(queue)
      const noticesDue = settle(rows, settlement, now() + retryMs)
      publish([settlement.nextHop])
      return { noticesDue }
    },
    release: async (claims) => {
      queue.calls.release++
      await turn(queue)
      for (const { recipients } of claims) for (const { recipientId } of recipients) releaseOne(rows, recipientId)
      publish(claims.map(({ nextHop }) => nextHop))
    },
    destinations: () => summaries(rows),
    backlog: (nextHop) => backlogOf(rows.filter((row) => isWaiting(row) && row.recipient.nextHop === nextHop)),
    watch: (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
  }
  return queue
}

/** The queue answers later, never at once, as a worker would. */
async function turn(queue: FakeQueue): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  if (queue.failure) throw queue.failure
}

function makeRows(mail: FakeMail, at: { readonly now: number; readonly nextId: number }): Row[] {
  const queueId = `Q${at.nextId}`
  const sender = mail.sender === undefined ? 'sender@example.org' : mail.sender
  const message: StoredMessage = {
    queueId,
    arrivedAt: at.now,
    origin: { kind: 'internet' },
    sender,
    parameters: plainMail,
    header: Buffer.from(`Subject: ${queueId}\r\n\r\n`),
    body: { kind: 'inline', bytes: Buffer.from(mail.body ?? 'Hello.\r\n') },
    senderProven: true,
  }
  return mail.to.map((address, index) => ({
    message,
    state: 'waiting',
    attempt: 0,
    dueAt: mail.dueAt ?? at.now,
    outcomes: [],
    recipient: {
      recipientId: at.nextId + index,
      attempt: 1,
      address,
      original: address,
      reversePath: sender,
      nextHop: mail.nextHop,
      private: false,
      parameters: plainRecipient,
    },
  }))
}

function isWaiting(row: Row): boolean {
  return row.state === 'waiting' || row.state === 'deferred'
}

function claimsOf(due: readonly Row[]): Claim[] {
  const byMessage = Map.groupBy(due, ({ message }) => message)
  return [...byMessage].map(([message, rows]) => ({
    message,
    nextHop: rows[0]?.recipient.nextHop ?? '',
    reversePath: message.sender,
    recipients: rows.map(claimOne),
  }))
}

function claimOne(row: Row): ClaimedRecipient {
  if (!isWaiting(row)) throw new Error(`${row.recipient.address} is ${row.state} and cannot be claimed`)
  row.state = 'claimed'
  row.attempt++
  return { ...row.recipient, attempt: row.attempt }
}

function settle(rows: readonly Row[], settlement: Settlement, nextAttemptAt: number): boolean {
  for (const { recipientId, outcome } of settlement.outcomes) {
    const row = rows.find(({ recipient }) => recipient.recipientId === recipientId)
    if (row?.state !== 'claimed') throw new Error(`recipient ${recipientId} is ${row?.state} and cannot be settled`)
    row.state = outcome.kind
    row.outcomes.push(outcome)
    if (outcome.kind === 'deferred') row.dueAt = outcome.retryAt ?? nextAttemptAt
  }
  return settlement.outcomes.some(({ outcome }) => outcome.kind === 'failed')
}

function releaseOne(rows: readonly Row[], recipientId: number): void {
  const row = rows.find(({ recipient }) => recipient.recipientId === recipientId)
  if (row?.state !== 'claimed') throw new Error(`recipient ${recipientId} is ${row?.state} and cannot be released`)
  row.state = 'waiting'
  row.attempt--
}

function summaries(rows: readonly Row[]): DestinationSummary[] {
  const byHop = Map.groupBy(rows.filter(isWaiting), ({ recipient }) => recipient.nextHop)
  return [...byHop].map(([nextHop, waiting]) => ({ nextHop, ...backlogOf(waiting) }))
}

function backlogOf(waiting: readonly Row[]): DestinationBacklog {
  const earliestAttemptAt = waiting.reduce((earliest, { dueAt }) => Math.min(earliest, dueAt), Number.MAX_SAFE_INTEGER)
  return { waiting: waiting.length, earliestAttemptAt }
}
