// Waits for the reply to a command and checks that it allows the dialogue to continue.

import type { Dialogue, DialogueEvent } from './smtp-dialogue.ts'
import type { DeliveryError, PeerReply, Phase } from './transport.ts'

export interface Expectation {
  readonly phase: Phase
  /** Milliseconds. */
  readonly timeout: number
  /** First digit of the positive reply. */
  readonly expect: 2 | 3
}

/** The positive reply, or the error. `silent` of a lost connection is false: only the caller knows which replies came before. */
export async function awaitReply(dialogue: Dialogue, expectation: Expectation): Promise<PeerReply | DeliveryError> {
  return checkReply(dialogue, expectation, await dialogue.nextReply(expectation.timeout))
}

/** The same for a reply that has arrived. */
export function checkReply(
  dialogue: Dialogue,
  { phase, expect }: Omit<Expectation, 'timeout'>,
  event: DialogueEvent,
): PeerReply | DeliveryError {
  if (event.kind === 'lost') return { kind: 'lost', phase, cause: event.cause, silent: false }
  if (event.kind === 'protocol-error') return { kind: 'protocol-error', phase, cause: event.cause }
  const { reply } = event
  const digit = Math.floor(reply.code / 100)
  if (digit === expect) return reply
  if (digit >= 4) return { kind: 'refused', phase, reply }
  // RFC 5321 section 4.3.2: each command has its own positive reply. A 250 to DATA shows that replies and commands are out of step.
  dialogue.close('unexpected reply')
  return { kind: 'protocol-error', phase, cause: `unexpected reply: ${reply.verbatim}` }
}

export function isDeliveryError(result: PeerReply | DeliveryError): result is DeliveryError {
  return 'kind' in result
}
