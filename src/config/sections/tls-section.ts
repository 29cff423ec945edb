// `tls`: the certificates of the node.

import { z } from 'zod'
import { readTlsMaterial } from '../read-tls-material.ts'
import { section } from '../section.ts'
import { path } from '../values.ts'

/** Each handshake compares the name with all of them. */
const MAX_MORE = 100

export const tls = section(
  z
    .strictObject({
      certificate: path.describe('PEM file: the certificate and its chain.'),
      key: path.describe('PEM file: the private key of the certificate.'),
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
    .optional()
    .describe('Certificate of this node.'),
  (written, reader) => {
    if (written === undefined) return null
    const { more, ...first } = written
    const material = readTlsMaterial(first, reader)
    const read = more.map((files, index) => readTlsMaterial(files, reader.below('more', String(index))))
    const pairs = read.filter((pair) => pair !== null)
    return material && { ...material, ...(pairs.length > 0 && { more: pairs }) }
  },
)
