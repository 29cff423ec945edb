// waypost queue list: messages with the state of their recipients, the next attempt and the last reply.

import type { ListedMessage, ListedRecipient } from '../../queue/contract/queue-reader.ts'
import { formatSize } from '../../lib/size.ts'
import { time } from '../../observe/describe-event.ts'
import { jsonArray, line, lines, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { type FilterOptions, readFilter } from './queue-filter.ts'
import type { NodePlace } from '../place/node-place.ts'
import { readNodeWaits } from './node-waits.ts'
import { age, whyWaiting, type NodeWaits } from '../../queue/scheduling/why-waiting.ts'
import { withQueueReader } from './with-queue.ts'

export interface ListOptions extends NodePlace {
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
  return withQueueReader(options, io, async (reader, directory) => {
    const view = { node: await readNodeWaits(directory), now: options.now }
    const messages = reader.list(read.filter)
    await lines(io.stdout, options.json ? jsonArray(withWaits(messages, view)) : listLines(messages, view))
    return OK
  })
}

/** What waits is judged by the state of delivery and the time, unix ms. */
export interface WaitView {
  readonly node: NodeWaits
  readonly now: number
}

/** The message with the reason why each recipient waits, for programs. */
export function withWait<M extends ListedMessage>(message: M, { node, now }: WaitView) {
  const recipients = message.recipients.map((recipient) => {
    const wait = whyWaiting(recipient, node, now)
    return { ...recipient, wait: wait && { reason: wait.reason, until: wait.until, by: wait.by } }
  })
  return { ...message, recipients }
}

async function* withWaits(messages: AsyncIterable<ListedMessage>, view: WaitView): AsyncGenerator<object> {
  for await (const message of messages) yield withWait(message, view)
}

async function* listLines(messages: AsyncIterable<ListedMessage>, view: WaitView): AsyncGenerator<string> {
  let count = 0
  for await (const message of messages) {
    count++
    yield* messageLines(message, view)
  }
  yield count === 0 ? 'no messages' : `${count} ${count === 1 ? 'message' : 'messages'}`
  if (count > 0 && view.node.stopped !== null) yield `nothing is attempted: ${view.node.stopped}`
}

/** A message and its recipients, as `list` and `show` print them. */
export function messageLines(message: ListedMessage, view: WaitView): string[] {
  const { queueId, arrivedAt, sender, size } = message
  const head = `${queueId}  ${time(arrivedAt)} (${age(view.now - arrivedAt)})  ${formatSize(size)}  <${sender ?? ''}>`
  return [head, ...message.recipients.flatMap((recipient) => recipientLines(recipient, view))]
}

function recipientLines(recipient: ListedRecipient, { node, now }: WaitView): string[] {
  const { address, state, nextHop, attempts, pendingAction, last } = recipient
  const asked = pendingAction === null ? '' : `, ${pendingAction} if the running attempt does not deliver`
  const wait = whyWaiting(recipient, node, now)
  return [
    `    ${address}  ${state}, next hop ${nextHop}, ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}${asked}`,
    ...(wait ? [`      ${wait.text}`] : []),
    ...(last ? [`      last attempt ${time(last.at)}: ${replyText(last)}`] : []),
  ]
}

function replyText({ host, reply, class: name }: NonNullable<ListedRecipient['last']>): string {
  return `${host ? `${host}: ` : ''}${reply.replace(/\s+/g, ' ')}${name ? ` [${name}]` : ''}`
}
