// A message in a transfer request: one line of JSON with everything but its octets, then the header, then the body. Every field that arrives is
// checked (transfer-fields.ts), because it goes into the database.

import { z } from 'zod'
import { bodySize } from '../contract/stored-body.ts'
import type { TransferredMessage } from '../contract/queue-transfer.ts'
import {
  attempts,
  envid,
  event,
  lastAttempt,
  mailbox,
  nextHop,
  notify,
  octets,
  orcpt,
  origin,
  queueId,
  time,
} from './transfer-fields.ts'

/** Changes with the format; nodes with different versions refuse each other. */
export const TRANSFER_VERSION = 1

const recipient = z.object({
  address: mailbox,
  original: mailbox,
  reversePath: mailbox.nullable(),
  nextHop,
  private: z.boolean(),
  parameters: z.object({ notify, orcpt: orcpt.nullable() }),
  state: z.enum(['queued', 'deferred', 'held', 'delivered', 'failed', 'expired']),
  attempts,
  nextAttemptAt: time,
  noticeDue: z.enum(['failed', 'delayed', 'delivered', 'expanded']).nullable(),
  delayNotified: z.boolean(),
  last: lastAttempt.nullable(),
})

const head = z
  .object({
    version: z.literal(TRANSFER_VERSION),
    queueId,
    arrivedAt: time,
    expiresAt: time,
    origin,
    sender: mailbox.nullable(),
    parameters: z.object({
      size: octets.nullable(),
      body: z.enum(['7BIT', '8BITMIME']),
      smtputf8: z.boolean(),
      requireTls: z.boolean(),
      ret: z.enum(['FULL', 'HDRS']).nullable(),
      envid: envid.nullable(),
    }),
    senderProven: z.boolean(),
    headerSize: octets,
    bodySize: octets,
    recipients: z.array(recipient).min(1).max(65_536),
    history: z.array(z.object({ at: time, events: z.array(event) })),
  })
  // An event of another message would change what its trace shows.
  .refine((one) => one.history.every(({ events }) => events.every((each) => each.queueId === one.queueId)), {
    error: 'the history has an event of another message',
  })

/** Everything but the octets. */
export interface TransferHead extends Omit<TransferredMessage, 'header' | 'body'> {
  readonly headerSize: number
  readonly bodySize: number
}

export type ReadHead =
  | { readonly kind: 'head'; readonly head: TransferHead }
  /** `problem` has the field and what is wrong with it. */
  | { readonly kind: 'bad'; readonly problem: string }

/** The line with its line end. */
export function writeHead(message: TransferredMessage): Buffer {
  const { header, body, ...rest } = message
  return Buffer.from(
    `${JSON.stringify({ version: TRANSFER_VERSION, ...rest, headerSize: header.length, bodySize: bodySize(body) })}\n`,
  )
}

/** Reads the line. */
export function readHead(line: string): ReadHead {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { kind: 'bad', problem: 'not JSON' }
  }
  const read = head.safeParse(value)
  if (!read.success) {
    const [issue] = read.error.issues
    return { kind: 'bad', problem: [issue?.path.join('.'), issue?.message].filter(Boolean).join(': ') }
  }
  const { version: _, ...rest } = read.data
  return { kind: 'head', head: rest as unknown as TransferHead }
}
