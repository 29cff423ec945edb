// Passes the message of one transaction to the data hook and decides the final reply. It returns 2xx only if the message was complete and
// the hook read it to its end.

import type { Reply } from '../smtp/reply.ts'
import { unforeseen } from '../smtp/reply.ts'
import type { ArrivingMessage } from './arriving-message.ts'
import { callHook } from './call-hook.ts'
import type { Dialogue, OpenTransaction } from './session-dialogue.ts'
import { messageSizeOf } from './message-size.ts'
import { interrupted } from './server-replies.ts'

/** Resolves when the hook has answered and the end of the message was read or the message was cut. */
export async function replyToMessage<Resolution>(
  { context, session }: Dialogue<Resolution>,
  transaction: OpenTransaction<Resolution>,
  message: ArrivingMessage,
): Promise<Reply> {
  const { log, hooks, limits } = context
  const excused = () => message.interruption !== null
  const result = await callHook(log, { hook: 'data', session: session.id, excused }, () =>
    hooks.data(session, transaction, message.stream),
  )
  const readWhole = message.stream.readableEnded
  message.discard()
  await message.over
  const reply = result.kind === 'thrown' ? result.reply : result.answer
  const accepted = reply.code < 400
  const bug = (text: string): Error => {
    const error = new Error(text)
    log.bug(error, 'hook data', { session: session.id })
    return error
  }
  const interruption = message.interruption
  if (interruption !== null) {
    if (accepted) bug('the hook accepted an interrupted message')
    return interrupted(interruption, messageSizeOf(limits, session))
  }
  if (accepted && !readWhole) return unforeseen(bug('the hook accepted a message without reading it to its end'))
  return reply
}
