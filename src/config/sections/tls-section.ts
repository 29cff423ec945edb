// `tls`: the certificates of the node.

import { z } from 'zod'
import { readCertificate } from '../read-files.ts'
import { readTlsMaterial, type TlsMaterial } from '../read-tls-material.ts'
import { section, type SectionReader } from '../section.ts'
import { flag, path } from '../values.ts'
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
  wait_for_tlsa: flag
    .default(true)
    .describe(
      'A certificate with a new key in the files is not used before the DNS shows its TLSA record, if its names have TLSA records. The node keeps the certificate in use, with its key, in its data directory for that.',
    ),
  tlsa_ports: z
    .array(z.int().min(1).max(65535), { error: 'a list of ports' })
    .optional()
    .describe('Ports whose TLSA records count for `wait_for_tlsa`; default: those of the listeners with TLS.'),
})

/** When a new key in the files of an operator is used. */
export interface NewKeys {
  readonly wait: boolean
  /** Null: those of the listeners. */
  readonly ports: readonly number[] | null
}

/** The certificates in use, and how the node gets the first one. */
export interface NodeTls extends TlsMaterial {
  /** Absent: an operator renews it. */
  readonly acme?: AcmeConfig
  /** Absent in what the listeners use. */
  readonly newKeys?: NewKeys
}

export const tls = section(
  schema.optional().describe('Certificate of this node.'),
  (written, reader): NodeTls | null => {
    if (written === undefined) return null
    const first = readFirst(written, reader)
    const read = written.more.map((files, index) => readTlsMaterial(files, reader.below('more', String(index))))
    const pairs = read.filter((pair) => pair !== null)
    const newKeys = { wait: written.wait_for_tlsa, ports: written.tlsa_ports ?? null }
    return first && { ...first, newKeys, ...(pairs.length > 0 && { more: pairs }) }
  },
)

function readFirst(
  { certificate, key, ca, acme }: z.output<typeof schema>,
  reader: SectionReader,
): Omit<NodeTls, 'newKeys'> | null {
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
