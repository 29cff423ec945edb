// What is asked of clamd beside scans: whether it answers, whether its signatures are current, and whether it takes messages of a size.

import type { Clock } from '../lib/clock.ts'
import type { Content } from '../message/content.ts'
import { exchangeWithClamd } from './clamd-exchange.ts'
import { databaseDate, oneLine, readVerdict } from './clamd-reply.ts'

/** A server that takes longer to answer is stuck. */
const ANSWER_MS = 2_000
/** A server that answered PING answers these as fast. A health check has 3 s for all together (observe/health-report.ts). */
const WARNING_MS = 800
/** ClamAV publishes signatures each day. Older ones mean that freshclam does not run. */
const OLD_DATABASE_MS = 7 * 24 * 3_600_000

/** The cause if the server does not answer PING, else null. */
export async function pingClamd(server: string, clock: Clock): Promise<string | null> {
  const reply = await exchangeWithClamd({ server, clock, ask: { kind: 'PING' }, limitMs: ANSWER_MS })
  if (reply.kind === 'failed') return `PING: ${reply.cause}`
  return reply.text === 'PONG' ? null : `PING: its reply cannot be read: ${oneLine(reply.text)}`
}

/** The warning if the signatures of the server are old, else null: also if it does not say how old they are. */
export async function warnOfAge(server: string, clock: Clock): Promise<string | null> {
  const reply = await exchangeWithClamd({ server, clock, ask: { kind: 'VERSION' }, limitMs: WARNING_MS })
  const date = reply.kind === 'replied' ? databaseDate(reply.text) : null
  const days = date === null ? 0 : Math.floor((clock.now() - date) / (24 * 3_600_000))
  return date !== null && clock.now() - date > OLD_DATABASE_MS ? `its signatures are ${days} days old` : null
}

/** Whether the message is larger than StreamMaxLength of the server, by its own word. */
export async function isTooLargeFor(server: string, content: Content, clock: Clock): Promise<boolean> {
  const ask = { kind: 'announce', content } as const
  const reply = await exchangeWithClamd({ server, clock, ask, limitMs: WARNING_MS })
  return reply.kind === 'replied' && readVerdict(reply.text, false).kind === 'too-large'
}
