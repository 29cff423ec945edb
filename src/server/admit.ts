// Whether a session may go on, at connect and again once TLS is up: asks the hook and takes its answer over into the session.

import type { Verdict } from '../policy/verdict.ts'
import type { Origin } from '../smtp/origin.ts'
import type { Refusal } from '../smtp/reply.ts'
import { ask } from './call-hook.ts'
import type { ListenerContext } from './context.ts'
import type { SessionRecord } from './session-record.ts'

type Admitted = Verdict & { readonly origin?: Origin; readonly remoteName?: string | null }

/** Null if the session may go on, else the reply that ends it. */
export async function admit(
  { log, hooks }: ListenerContext,
  session: SessionRecord,
  where: 'connect' | 'secured',
): Promise<Refusal | null> {
  const asked = await ask<Admitted>(log, { where, session: session.id }, () => hooks[where](session))
  // The session ends here, so the code has to be one that ends sessions.
  if (asked.kind === 'thrown') return { ...asked.reply, code: 421 }
  if (asked.answer.kind !== 'accept') return asked.answer.reply
  if (asked.answer.origin) session.origin = asked.answer.origin
  if (asked.answer.remoteName !== undefined) session.remoteName = asked.answer.remoteName
  return null
}
