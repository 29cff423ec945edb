// Postfix's smtp-source(1): many parallel sessions that send made-up mail as fast as the server takes it.

import { spawn } from 'node:child_process'

export interface SmtpSourceOptions {
  readonly port: number
  readonly messages: number
  readonly sessions: number
  /** Octets of payload. */
  readonly length?: number
  /** Send all messages of a session over one connection. */
  readonly reuse?: boolean
  readonly sender?: string
  readonly recipient?: string
  /** Further arguments. */
  readonly more?: readonly string[]
}

export type SmtpSourceResult =
  | { readonly kind: 'sent'; readonly seconds: number }
  | { readonly kind: 'failed'; readonly seconds: number; readonly cause: string }

/** Sends and waits until every message got its 250. smtp-source gives up at the first reply that is not positive. */
export function runSmtpSource(options: SmtpSourceOptions): Promise<SmtpSourceResult> {
  const { port, messages, sessions, length = 4096, reuse = true } = options
  const { sender = 'sender@example.org', recipient = 'recipient@example.net', more = [] } = options
  const amount = `-s ${sessions} -m ${messages} -l ${length}`.split(' ')
  const envelope = ['-f', sender, '-t', recipient]
  const args = [...(reuse ? ['-d'] : []), ...amount, ...envelope, ...more, `127.0.0.1:${port}`]
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const child = spawn('/usr/sbin/smtp-source', args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let cause = ''
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (cause += chunk))
    child.once('error', reject)
    child.once('close', (status) => {
      const seconds = (performance.now() - started) / 1000
      resolve(status === 0 ? { kind: 'sent', seconds } : { kind: 'failed', seconds, cause: cause.trim() })
    })
  })
}
