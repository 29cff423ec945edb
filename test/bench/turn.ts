// One turn of a mail server in a benchmark: a load, from its start until the next hop has the last message.

import { setTimeout as sleep } from 'node:timers/promises'
import type { SmtpSink } from '../lib/peers/smtp-sink.ts'
import { cpuSeconds } from './process-tree.ts'

export interface Turn<Answer> {
  /** Messages per second until the next hop has the last one. */
  readonly rate: number
  /** Milliseconds of all processes of the mail server and its helpers for one message. */
  readonly cpu: number
  readonly answer: Answer
}

export interface TurnLoad<Answer> {
  readonly messages: number
  readonly send: () => Promise<Answer>
}

const PATIENCE = 300_000
/** Wait, ms: work after the last delivery counts. */
const SETTLE = 500

/** @param pids roots of the process trees that do the work */
export async function measureTurn<Answer>(
  pids: readonly number[],
  sink: SmtpSink,
  { messages, send }: TurnLoad<Answer>,
): Promise<Turn<Answer>> {
  const used = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)
  const expected = sink.messages() + messages
  const before = used()
  const start = performance.now()
  const answer = await send()
  await sink.has(expected, PATIENCE)
  const rate = (messages * 1000) / (performance.now() - start)
  await sleep(SETTLE)
  return { rate, cpu: ((used() - before) * 1000) / messages, answer }
}
