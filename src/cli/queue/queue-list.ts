// waypost queue list: messages with the state of their recipients, the next attempt and the last reply.

import type { ListedMessage, ListedRecipient } from '../../queue/contract/queue-reader.ts'
import { formatDuration } from '../../lib/duration.ts'
import { formatSize } from '../../lib/size.ts'
import { time } from '../../observe/describe-event.ts'
import { jsonArray, line, lines, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { type FilterOptions, readFilter } from './queue-filter.ts'
import type { NodePlace } from '../place/node-place.ts'
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
  return withQueueReader(options, io, async (reader) => {
    const messages = reader.list(read.filter)
    await lines(io.stdout, options.json ? jsonArray(messages) : listLines(messages, options.now))
    return OK
  })
}

async function* listLines(messages: AsyncIterable<ListedMessage>, now: number): AsyncGenerator<string> {
  let count = 0
  for await (const message of messages) {
    count++
    yield* messageLines(message, now)
  }
  yield count === 0 ? 'no messages' : `${count} ${count === 1 ? 'message' : 'messages'}`
}

/** A message and its recipients, as `list` and `show` print them. */
export function messageLines(message: ListedMessage, now: number): string[] {
  const { queueId, arrivedAt, sender, size } = message
  const head = `${queueId}  ${time(arrivedAt)} (${age(now - arrivedAt)})  ${formatSize(size)}  <${sender ?? ''}>`
  return [head, ...message.recipients.flatMap((recipient) => recipientLines(recipient, now))]
}

function recipientLines(recipient: ListedRecipient, now: number): string[] {
  const { address, state, nextHop, attempts, nextAttemptAt, suspended, pendingAction, last } = recipient
  const wait = nextAttemptAt > now ? `in ${age(nextAttemptAt - now)}` : 'now'
  const plan = suspended ? 'destination suspended' : `next attempt ${wait}`
  const asked = pendingAction === null ? '' : `, ${pendingAction} if the running attempt does not deliver`
  const next = state === 'deferred' || state === 'queued' ? `, ${plan}` : asked
  const head = `    ${address}  ${state}, next hop ${nextHop}, ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}${next}`
  return last
    ? [
        head,
        `      ${last.host ? `${last.host}: ` : ''}${last.reply.replace(/\s+/g, ' ')}${last.class ? ` [${last.class}]` : ''}`,
      ]
    : [head]
}

/** In whole seconds below an hour, in whole minutes above. */
function age(ms: number): string {
  const unit = ms < 3_600_000 ? 1000 : 60_000
  return formatDuration(Math.max(0, Math.round(ms / unit)) * unit)
}
