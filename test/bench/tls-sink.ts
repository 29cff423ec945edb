// Starts the next hop with STARTTLS (tls-sink-child.ts).

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Issued } from '../../src/demo/ca.ts'
import { freePort } from '../lib/free-port.ts'
import { type SmtpSink, watchSink } from '../lib/peers/smtp-sink.ts'

/** Resolves when it accepts connections. @param implicit TLS from the first octet and a login, in place of STARTTLS */
export async function startTlsSink(identity: Issued, implicit = false): Promise<SmtpSink> {
  const port = await freePort()
  const child = spawn(
    process.execPath,
    [fileURLToPath(import.meta.resolve('./tls-sink-child.ts')), JSON.stringify({ port, ...identity, implicit })],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  return watchSink(child, port)
}
