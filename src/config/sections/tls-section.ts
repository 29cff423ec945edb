// `tls`: the certificate of the node.

import { z } from 'zod'
import { readTlsMaterial } from '../read-tls-material.ts'
import { section } from '../section.ts'
import { path } from '../values.ts'

export const tls = section(
  z
    .strictObject({
      certificate: path.describe('PEM file: the certificate and its chain.'),
      key: path.describe('PEM file: the private key of the certificate.'),
      ca: path
        .optional()
        .describe('PEM file: the CA of the certificates of fleet nodes and machines. With it, peers are verified.'),
    })
    .optional()
    .describe('Certificate of this node.'),
  (written, reader) => (written === undefined ? null : readTlsMaterial(written, reader)),
)
