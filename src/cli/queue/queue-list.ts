// waypost queue list and show: what waits, for whom, since when, and why.

import { isUtf8 } from 'node:buffer'
import type { ListedMessage, ListedRecipient, ShownMessage } from '../../queue/sqlite/sqlite-queue-reader.ts'
import { formatDuration } from '../../lib/duration.ts'
import { formatSize } from '../../lib/size.ts'
import { describeEvent, stepLines, time } from '../../observe/describe-event.ts'
import { FAILED, json, jsonArray, line, lines, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { type FilterOptions, readFilter } from './queue-filter.ts'
import { withQueueReader } from './with-queue.ts'

export interface ListOptions {
  readonly config: string
  readonly queueIds: readonly string[]
  readonly filter: FilterOptions
  readonly json?: boolean
  readonly now: number
}

export function queueList(options: ListOptions, io: Io): Promise<number> | number {
  const read = readFilter(options.queueIds, options.filter, options.now)
  if (read.kind === 'bad') {
    line(io.stderr, read.problem)
    return USAGE
  }
  return withQueueReader(options.config, io, async (reader) => {
    const messages = reader.list(read.filter)
    await lines(io.stdout, options.json ? jsonArray(messages) : listLines(messages, options.now))
    return OK
  })
}

function* listLines(messages: Iterable<ListedMessage>, now: number): Generator<string> {
  let count = 0
  for (const message of messages) {
    count++
    yield* messageLines(message, now)
  }
  yield count === 0 ? 'nothing waits' : `${count} ${count === 1 ? 'message' : 'messages'}`
}

export function queueShow(
  options: { readonly config: string; readonly queueId: string; readonly json?: boolean; readonly now: number },
  io: Io,
): Promise<number> | number {
  return withQueueReader(options.config, io, (reader) => {
    const shown = reader.show(options.queueId)
    if (!shown) {
      line(io.stderr, `${options.queueId} is not in the queue (waypost trace ${options.queueId} tells whether it was)`)
      return FAILED
    }
    if (options.json) json(io.stdout, { ...shown, header: shown.header.toString('latin1'), body: undefined })
    else for (const text of shownLines(shown, options.now)) line(io.stdout, text)
    return OK
  })
}

function messageLines(message: ListedMessage, now: number): string[] {
  const { queueId, arrivedAt, sender, size } = message
  const head = `${queueId}  ${time(arrivedAt)} (${age(now - arrivedAt)})  ${formatSize(size)}  <${sender ?? ''}>`
  return [head, ...message.recipients.flatMap((recipient) => recipientLines(recipient, now))]
}

function recipientLines(recipient: ListedRecipient, now: number): string[] {
  const { address, state, nextHop, attempts, nextAttemptAt, suspended, pendingAction, last } = recipient
  const wait = nextAttemptAt > now ? `in ${age(nextAttemptAt - now)}` : 'now'
  const plan = suspended ? 'destination suspended' : `next attempt ${wait}`
  const asked = pendingAction === null ? '' : `, ${pendingAction} when its attempt ends without success`
  const next = state === 'deferred' || state === 'queued' ? `, ${plan}` : asked
  const head = `    ${address}  ${state} by ${nextHop}, ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}${next}`
  return last
    ? [
        head,
        `      ${last.host ? `${last.host}: ` : ''}${last.reply.replace(/\s+/g, ' ')}${last.class ? ` [${last.class}]` : ''}`,
      ]
    : [head]
}

function shownLines(shown: ShownMessage, now: number): string[] {
  const header = readable(shown.header).trimEnd().split('\r\n')
  return [
    ...messageLines(shown, now),
    `    origin ${shown.origin.kind}, expires ${time(shown.expiresAt)}`,
    '',
    ...header.map((text) => `    ${text}`),
    '',
    ...shown.events.flatMap((event) => [
      `  ${time(event.at)}  ${describeEvent(event)}`,
      ...stepLines(event).map((step) => `      ${step}`),
    ]),
  ]
}

/** As UTF-8 (RFC 6532), or octet for octet where it is none. */
function readable(header: Buffer): string {
  return isUtf8(header) ? header.toString() : header.toString('latin1')
}

/** Whole seconds below an hour, whole minutes above: nobody reads milliseconds. */
function age(ms: number): string {
  const unit = ms < 3_600_000 ? 1000 : 60_000
  return formatDuration(Math.max(0, Math.round(ms / unit)) * unit)
}
