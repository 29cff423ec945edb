// `clamav`: the servers that scan for viruses.

import { z } from 'zod'
import { section, type SectionReader } from '../section.ts'
import { duration, hostOrSocket, size } from '../values.ts'

/** The client waits while the node tries the servers in turn. */
const MAX_SERVERS = 8

/** A client waits ten minutes for the reply to the final dot (RFC 5321 4.5.3.2.6). Half of that is left for the other checks and the queue. */
const MAX_WAIT_MS = 300_000

const schema = z.strictObject({
  servers: z
    .array(hostOrSocket)
    .min(1, { error: 'at least one server' })
    .max(MAX_SERVERS, { error: `at most ${MAX_SERVERS} servers` })
    .describe(
      'clamd servers, which take turns: `127.0.0.1:3310` or `unix:/run/clamav/clamd.ctl`. A message goes to the next one if one fails. It is sent unencrypted: use this host or a trusted network.',
    ),
  timeout: duration
    .prefault('60s')
    .describe('Time limit of one server for one message: connection, upload, scan and reply.'),
  max_size: size
    .prefault('25M')
    .describe(
      'Larger messages are not sent to clamd: they are accepted and marked as unscanned. At most StreamMaxLength of clamd, 25M in the configuration of Debian.',
    ),
  when_down: z
    .enum(['accept', 'defer'], { error: 'one of accept, defer' })
    .default('defer')
    .describe(
      'If no server scans the message: defer it (`451 4.3.0`), or accept it, mark it as unscanned and report it in the ledger, health page and metrics.',
    ),
})

export type ClamavConfig = z.output<typeof schema>

export const clamav = section(
  schema.optional().describe('Virus scanner. The role decides which mail it checks.'),
  (written, reader): ClamavConfig | null => {
    if (written === undefined) return null
    checkWait(written, reader)
    return written
  },
)

function checkWait({ servers, timeout }: ClamavConfig, reader: SectionReader): void {
  if (timeout * servers.length > MAX_WAIT_MS)
    reader.report(
      ['timeout'],
      `found ${timeout / 1000} s for each of ${servers.length} servers, expected at most ${MAX_WAIT_MS / 1000} s in total: clients do not wait longer`,
    )
}
