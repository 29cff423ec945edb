// One question to the peer: waits for the reply in its time and says whether it is the one that lets the dialogue go on.

import type { DialogueEvent, Dialogue } from './smtp-dialogue.ts'
import type { PeerReply, Phase, DeliveryError } from './transport.ts'

export interface Expectation {
  readonly phase: Phase
  /** Milliseconds. */
  readonly timeout: number
  /** First digit of the code that means yes. */
  readonly expect: 2 | 3
}

/** The wanted reply or what went wrong. `silent` of a lost connection is left to callers who know what came before. */
export async function awaitReply(dialogue: Dialogue, question: Expectation): Promise<PeerReply | DeliveryError> {
  return checkReply(dialogue, question, await dialogue.nextReply(question.timeout))
}

/** The same of an answer that is here. */
export function checkReply(
  dialogue: Dialogue,
  { phase, expect }: Omit<Expectation, 'timeout'>,
  answer: DialogueEvent,
): PeerReply | DeliveryError {
  if (answer.kind !== 'reply') return interrupted(answer, phase)
  const { reply } = answer
  const digit = Math.floor(reply.code / 100)
  if (digit === expect) return reply
  if (digit >= 4) return { kind: 'refused', phase, reply }
  // RFC 5321 4.3.2: each command has its own positive reply. A 250 to DATA is not a go-ahead but a peer out of step.
  dialogue.close('reply out of step')
  return { kind: 'protocol-error', phase, cause: `unexpected reply: ${reply.verbatim}` }
}

/** The trouble behind a connection that ended. */
function interrupted(
  end: { readonly kind: 'lost' | 'protocol-error'; readonly cause: string },
  phase: Phase,
): DeliveryError {
  return end.kind === 'lost'
    ? { kind: 'lost', phase, cause: end.cause, silent: false }
    : { kind: 'protocol-error', phase, cause: end.cause }
}

/** Tells a reply from a trouble. */
export function isDeliveryError(answer: PeerReply | DeliveryError): answer is DeliveryError {
  return 'kind' in answer
}
