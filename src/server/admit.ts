// Admits or ends a session, at connect and again when TLS is up: calls the hook and stores its answer in the session.

import { isTemporary } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import { callHook } from './call-hook.ts'
import type { ListenerContext } from './context.ts'
import type { SessionRecord } from './session-record.ts'

/** Null if the session continues, else the reply that ends it. */
export async function admit<Resolution>(
  { log, hooks }: ListenerContext<Resolution>,
  session: SessionRecord,
  hook: 'connect' | 'secured',
): Promise<Refusal | null> {
  const result = await callHook(log, { hook, session: session.id }, () => hooks[hook](session))
  if (result.kind === 'thrown') return endsSession(result.reply)
  const { answer } = result
  if (answer.kind !== 'accept') return endsSession(answer.reply)
  session.origin = answer.origin
  session.remoteName = answer.remoteName
  return null
}

/** 421 is the temporary reply that ends a session, as greeting or at any other time (RFC 5321 3.8). */
function endsSession(reply: Refusal): Refusal {
  return isTemporary(reply) ? { ...reply, code: 421 } : reply
}
