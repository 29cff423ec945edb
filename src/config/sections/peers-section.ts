// `peers`: the other nodes of the fleet, by role.

import { z } from 'zod'
import { section } from '../section.ts'
import { reportWideNetworks } from '../wide-networks.ts'
import { fingerprint, hostAndPort, hostName, network } from '../values.ts'

const hostOnly = hostAndPort.transform((endpoint) => ({
  ...endpoint,
  addresses: [] as string[],
  fingerprints: [] as string[],
  name: undefined,
}))

const withProofs = z
  .strictObject({
    host: hostAndPort.describe(
      'Host name or address, with an optional port after a colon (default 25; 587 for mta and submission).',
    ),
    addresses: z.array(network).default([]).describe('Addresses or networks that the peer connects from.'),
    fingerprints: z
      .array(fingerprint)
      .default([])
      .describe("SHA-256 of the peer's public key (unchanged by renewals) or of its certificate."),
    name: hostName.optional().describe('Name in its certificate if `host` is an address or another name.'),
  })
  .transform(({ host, ...proofs }) => ({ ...host, ...proofs }))

const peer = z.union([hostOnly, withProofs], {
  error: 'a host such as srs.example.org:25, or { host, addresses, fingerprints, name }',
})

export const peers = section(
  z
    .record(z.string(), z.array(peer))
    .default({})
    .describe('The other fleet nodes, by role: next hops, and clients that a listener admits as peers.'),
  (written, reader) => {
    for (const [role, nodes] of Object.entries(written))
      for (const [index, { addresses }] of nodes.entries())
        reportWideNetworks(addresses, 'peers may speak for our users', (finding) =>
          reader.report([role, index, 'addresses'], finding),
        )
    return written
  },
)
