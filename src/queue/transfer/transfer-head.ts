// A message in a transfer request: one line of JSON with everything but its octets, then the header, then the body. Every field that arrives is
// checked, because it goes into the database.

import { z } from 'zod'
import { bodySize } from '../contract/stored-body.ts'
import type { TransferredMessage } from '../contract/queue-transfer.ts'

/** Changes with the format; nodes with different versions refuse each other. */
export const TRANSFER_VERSION = 1

const time = z.number().int().min(0)
const octets = z.number().int().min(0)
const text = z.string()
const notify = z.enum(['NEVER', 'SUCCESS', 'FAILURE', 'DELAY'])

const origin = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('internet') }),
  z.object({
    kind: z.literal('peer'),
    role: text,
    vouched: z.enum(['authenticated', 'dmarc-pass', 'sender-pass', 'nothing']),
  }),
  z.object({ kind: z.literal('user'), identity: text }),
  z.object({ kind: z.literal('machine'), identity: text }),
  z.object({ kind: z.literal('local') }),
])

const recipient = z.object({
  address: text.min(1),
  original: text,
  reversePath: text.nullable(),
  nextHop: text.min(1),
  private: z.boolean(),
  parameters: z.object({ notify: z.array(notify), orcpt: text.nullable() }),
  state: z.enum(['queued', 'deferred', 'held', 'delivered', 'failed', 'expired']),
  attempts: z.number().int().min(0),
  nextAttemptAt: time,
  noticeDue: z.enum(['failed', 'delayed', 'delivered', 'expanded']).nullable(),
  delayNotified: z.boolean(),
  last: z
    .object({ at: time, status: text, reply: text, host: text.nullable(), replyClass: text.nullable() })
    .nullable(),
})

const head = z.object({
  version: z.literal(TRANSFER_VERSION),
  queueId: text.min(1).max(64),
  arrivedAt: time,
  expiresAt: time,
  origin,
  sender: text.nullable(),
  parameters: z.object({
    size: octets.nullable(),
    body: z.enum(['7BIT', '8BITMIME']),
    smtputf8: z.boolean(),
    requireTls: z.boolean(),
    ret: z.enum(['FULL', 'HDRS']).nullable(),
    envid: text.nullable(),
  }),
  senderProven: z.boolean(),
  headerSize: octets,
  bodySize: octets,
  recipients: z.array(recipient).min(1).max(65_536),
  history: z.array(z.object({ at: time, events: z.array(z.looseObject({ kind: text, at: time })) })),
})

/** Everything but the octets. */
export interface TransferHead extends Omit<TransferredMessage, 'header' | 'body'> {
  readonly headerSize: number
  readonly bodySize: number
}

/** The line with its line end. */
export function writeHead(message: TransferredMessage): Buffer {
  const { header, body, ...rest } = message
  return Buffer.from(
    `${JSON.stringify({ version: TRANSFER_VERSION, ...rest, headerSize: header.length, bodySize: bodySize(body) })}\n`,
  )
}

/** Reads the line; null if it is malformed or of another version. */
export function readHead(line: string): TransferHead | null {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return null
  }
  const read = head.safeParse(value)
  if (!read.success) return null
  const { version: _, ...rest } = read.data
  return rest as unknown as TransferHead
}
