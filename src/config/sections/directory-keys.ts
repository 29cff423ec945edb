// Keys that LDAP and SQL share: TLS to the server, domains, refresh interval, accepted loss.

import { z } from 'zod'
import { readText } from '../read-files.ts'
import type { SectionReader } from '../section.ts'
import { duration, hostName, path } from '../values.ts'

export const clientTlsSchema = z.strictObject({
  ca: path.optional().describe("PEM file: the CA of the server's certificate; default: the CAs of the system."),
  certificate: path.optional().describe('PEM file: the client certificate of this node.'),
  key: path.optional().describe('PEM file: the private key of `certificate`.'),
})

export interface ClientTls {
  /** PEM texts. */
  readonly ca: string | null
  readonly certificate: string | null
  readonly key: string | null
}

/** Reads the files of `tls`; certificate and key need each other. */
export function readClientTls(written: z.output<typeof clientTlsSchema>, reader: SectionReader): ClientTls {
  const { ca, certificate, key } = written
  if ((certificate === undefined) !== (key === undefined))
    reader.report([], 'found one of certificate and key, expected both or none')
  const read = (name: string, file: string | undefined) =>
    file === undefined ? null : readText(reader, { path: [name], file, expected: 'a PEM file' })
  return { ca: read('ca', ca), certificate: read('certificate', certificate), key: read('key', key) }
}

export const sharedKeys = {
  domains: z
    .array(hostName)
    .optional()
    .describe('Domains whose addresses the source may define; default: the main domain.'),
  refresh: duration
    .refine((ms) => ms >= 1000, { error: 'at least 1s' })
    .prefault('5m')
    .describe('Time between two full reads.'),
  max_shrink: z
    .int({ error: 'a percentage' })
    .min(0)
    .max(100)
    .default(40)
    .describe(
      'Percentage of entries that a full read may lose. A read that loses more is rejected until `waypost directory accept`.',
    ),
}
