// `dns`: the resolvers that the node asks.

import { z } from 'zod'
import { plainSection } from '../section.ts'
import { duration, fingerprint, hostName, serverAddress, tlsServerAddress } from '../values.ts'

/** A server that DNS over TLS reaches; it proves itself by at least one of name and pin. */
const overTls = z
  .strictObject({
    address: tlsServerAddress.describe('IP address, with a port if it is not 853.'),
    name: hostName.optional().describe('Name in the certificate, which a public CA issued.'),
    pin: fingerprint.optional().describe('SHA-256 of the public key.'),
  })
  .refine(({ name, pin }) => name !== undefined || pin !== undefined, { error: 'name or pin beside address' })
  .transform(({ address, name = null, pin = null }) => ({ ...address, tls: { name, pin } }))

export const dns = plainSection(
  z
    .strictObject({
      servers: z
        .array(
          z.union([serverAddress, overTls], {
            error: 'an IP address with a port, or a map with address and name or pin',
          }),
        )
        .min(1)
        .optional()
        .describe(
          'Validating resolvers; default: the resolvers of the system. Only those on a loopback address or over TLS can prove that an answer is authentic.',
        ),
      timeout: duration.prefault('5s').describe('Time limit of one query to one server.'),
      probe: z
        .strictObject({
          signed: hostName.prefault('org').describe('A name with NS records in a signed zone.'),
          bogus: hostName
            .prefault('dnssec-failed.org')
            .describe('A name with an address in a zone whose signatures are broken.'),
        })
        .prefault({})
        .describe('Names that show hourly whether the resolver validates DNSSEC.'),
    })
    .prefault({})
    .describe('DNS resolvers.'),
)
