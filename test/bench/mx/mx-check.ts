// Before anything is measured: each mail server must have verified SPF, DKIM and DMARC of the mail that it delivers.

import { until } from '../../lib/until.ts'
import { startSmtpPeer } from '../../lib/smtp-peer.ts'
import type { Contender } from './mx-contenders.ts'
import { runMxLoad } from './mx-load.ts'

const CHECKED = 40
const PATIENCE = 30_000
const proofs = ['spf=pass', 'dkim=pass', 'dmarc=pass'] as const

/** Throws unless all of some delivered messages carry the proofs. */
export async function checkContender({ name, port, sinkPort }: Contender, mail: string): Promise<void> {
  const sink = await startSmtpPeer({ host: '127.0.0.1', port: sinkPort, extensions: ['PIPELINING', '8BITMIME'] })
  try {
    await runMxLoad({ port, mail, sessions: 4, messages: CHECKED, rate: null })
    await until(() => sink.messages.length >= CHECKED, { what: `${CHECKED} messages of ${name}`, timeout: PATIENCE })
    for (const { data } of sink.messages) {
      const results = authenticationResults(data.toString('latin1'))
      const missing = proofs.filter((proof) => !results.includes(proof))
      if (missing.length > 0) throw new Error(`${name} delivered mail without ${missing.join(', ')}: ${results}`)
    }
  } finally {
    await sink.close()
  }
}

/** All Authentication-Results fields of a message, unfolded. */
export function authenticationResults(message: string): string {
  const header = message.slice(0, message.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ')
  const fields = header.split('\r\n').filter((line) => /^authentication-results:/i.test(line))
  return fields.join('\n')
}
