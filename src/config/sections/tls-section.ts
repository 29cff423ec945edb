// `tls`: the certificates of the node.

import { z } from 'zod'
import { readCertificate } from '../read-files.ts'
import { readTlsMaterial, type TlsMaterial } from '../read-tls-material.ts'
import { section, type SectionReader } from '../section.ts'
import { path } from '../values.ts'
import { type AcmeConfig, acmeSchema, readAcme } from './tls-acme.ts'

/** Each handshake compares the name with all of them. */
const MAX_MORE = 100

const schema = z.strictObject({
  certificate: path.optional().describe('PEM file: the certificate and its chain.'),
  key: path.optional().describe('PEM file: the private key of the certificate.'),
  acme: acmeSchema
    .optional()
    .describe('In place of `certificate` and `key`: a certificate that the node gets and renews by itself.'),
  ca: path
    .optional()
    .describe('PEM file: the CA of the certificates of fleet nodes and machines. With it, peers are verified.'),
  more: z
    .array(
      z.strictObject({
        certificate: path.describe('PEM file: a certificate and its chain.'),
        key: path.describe('PEM file: the private key of that certificate.'),
      }),
    )
    .max(MAX_MORE, { error: `at most ${MAX_MORE} certificates` })
    .default([])
    .describe(
      'Further certificates of the SMTP listeners, for other names or with another type of key. A client that names a host (SNI) gets those for that name, every other client the first one.',
    ),
})

/** The certificates in use, and how the node gets the first one. */
export interface NodeTls extends TlsMaterial {
  /** Absent: an operator renews it. */
  readonly acme?: AcmeConfig
}

export const tls = section(
  schema.optional().describe('Certificate of this node.'),
  (written, reader): NodeTls | null => {
    if (written === undefined) return null
    const first = readFirst(written, reader)
    const read = written.more.map((files, index) => readTlsMaterial(files, reader.below('more', String(index))))
    const pairs = read.filter((pair) => pair !== null)
    return first && { ...first, ...(pairs.length > 0 && { more: pairs }) }
  },
)

function readFirst({ certificate, key, ca, acme }: z.output<typeof schema>, reader: SectionReader): NodeTls | null {
  if (acme) {
    if (certificate !== undefined || key !== undefined)
      reader.report([], 'found certificate or key beside acme, expected acme alone or both of the others')
    const authority = ca === undefined ? null : readCertificate(reader, ['ca'], ca)
    const read = readAcme(acme, reader.below('acme'))
    return read && { ...read.pair, ca: authority, acme: read.acme }
  }
  if (certificate === undefined || key === undefined) {
    reader.report(
      [],
      `found no ${certificate === undefined ? 'certificate' : 'key'}, expected certificate and key, or acme`,
    )
    return null
  }
  return readTlsMaterial({ certificate, key, ca }, reader)
}
