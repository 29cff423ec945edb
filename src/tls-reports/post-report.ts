// Sends a TLS report to an HTTPS server (RFC 8460 section 5.4).

import type { AskStranger } from '../https/ask-stranger.ts'
import type { SendResult } from './report-sender.ts'

/** A report has kilobytes. */
const DEADLINE_MS = 60_000
/** What the server says about it is not read further. */
const MOST_OCTETS = 64 * 1024

/** @param url an https: URL. Never rejects. */
export async function postReport(url: string, packed: Buffer, ask: AskStranger): Promise<SendResult> {
  const { hostname, port, pathname, search } = new URL(url)
  const answer = await ask({
    host: hostname,
    port: port === '' ? 443 : Number(port),
    path: `${pathname}${search}`,
    method: 'POST',
    headers: { 'Content-Type': 'application/tlsrpt+gzip' },
    body: packed,
    timeoutMs: DEADLINE_MS,
    mostOctets: MOST_OCTETS,
  })
  if (answer.kind !== 'answer') return { kind: 'failed', cause: answer.cause }
  if (answer.status >= 200 && answer.status < 300) return { kind: 'sent' }
  return { kind: 'failed', cause: `the server answered ${answer.status}` }
}
