// `fleet_view`: which nodes see status and traces of this one, and which nodes this one asks.

import { z } from 'zod'
import { plainSection } from '../section.ts'
import { fingerprint, hostAndPort, text } from '../values.ts'

/** Questions go to all nodes at once. */
const MOST_NODES = 100

const asking = z.strictObject({
  name: text('a name').max(100, { error: 'at most 100 characters' }).describe('For the log.'),
  fingerprints: z
    .array(fingerprint)
    .min(1, { error: 'at least one fingerprint' })
    .describe("SHA-256 of the node's public key or of its certificate."),
})

const withFingerprints = z
  .strictObject({
    host: hostAndPort.describe('Host name or address, with an optional port after a colon.'),
    fingerprints: z
      .array(fingerprint)
      .default([])
      .describe("SHA-256 of the node's public key or of its certificate; default: those of `peers`, or `tls.ca`."),
  })
  .transform(({ host, fingerprints }) => ({ ...host, fingerprints }))

const asked = z.union(
  [hostAndPort.transform((host) => ({ ...host, fingerprints: [] as string[] })), withFingerprints],
  {
    error: 'a host such as srs.example.org:4465, or { host, fingerprints }',
  },
)

export const fleet_view = plainSection(
  z
    .strictObject({
      peers: z
        .array(
          z.union([text('a role'), asking], {
            error: 'a role of peers, the host of a peer, or { name, fingerprints } of another node',
          }),
        )
        .default([])
        .describe(
          'The nodes that may ask this one, at `queue_transfer.listen`: roles of `peers`, single hosts of them, or other nodes by their certificate.',
        ),
      search: z
        .array(text('a role, or the name of a node'))
        .default([])
        .describe(
          'Those of `peers` that may also search the ledger of this node by address, Message-ID, session or time: a role, a host, or the name of an entry. Others ask by queue ID only.',
        ),
      nodes: z
        .array(asked)
        .max(MOST_NODES, { error: `at most ${MOST_NODES} nodes` })
        .default([])
        .describe(
          'The nodes that `--fleet` and the status page ask; without a port, that of `queue_transfer.listen` or 4465. Default: every host of `peers`.',
        ),
    })
    .optional()
    .describe(
      'Status and traces of all nodes of the fleet (`waypost status --fleet`, `waypost trace --fleet`, the status page).',
    ),
)
