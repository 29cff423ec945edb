// The message of one transaction: hands the stream to the data hook and makes the final reply of what comes back.
// A reply of 2xx leaves here only if the hook read the whole message and the message was whole.

import type { Reply } from '../smtp/reply.ts'
import { unforeseen } from '../smtp/reply.ts'
import { ask } from './call-hook.ts'
import type { DataPhase } from './data-phase.ts'
import type { Dialogue, OpenTransaction } from './session-dialogue.ts'
import { messageSizeOf } from './message-size.ts'
import { interrupted } from './server-replies.ts'

/** Resolves once the end of data was read or the phase was cut, and the hook has answered. */
export async function receiveMessage(
  { context, session }: Dialogue,
  transaction: OpenTransaction,
  phase: DataPhase,
): Promise<Reply> {
  const { log, hooks, limits } = context
  const excused = () => phase.interruption() !== null
  const asked = await ask<Reply>(log, { where: 'data', session: session.id, excused }, () =>
    hooks.data(session, transaction, phase.stream),
  )
  const readWhole = phase.stream.readableEnded
  phase.discard()
  await phase.over
  const reply = asked.kind === 'thrown' ? asked.reply : asked.answer
  const accepted = reply.code < 400
  const bug = (text: string): Error => {
    const error = new Error(text)
    log.bug('data', error, { session: session.id })
    return error
  }
  const interruption = phase.interruption()
  if (interruption !== null) {
    if (accepted) bug('a message was accepted that was cut short')
    return interrupted(interruption, messageSizeOf(limits, session))
  }
  if (accepted && !readWhole) return unforeseen(bug('a message was accepted that had not been read to its end'))
  return reply
}
