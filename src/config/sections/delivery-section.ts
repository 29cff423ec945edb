// `delivery`: outgoing connections. The exceptions by destination are in delivery-destinations.ts.

import { z } from 'zod'
import { readCertificate, readYaml } from '../read-files.ts'
import { replyRulesSchema } from '../reply-rules-file.ts'
import { section } from '../section.ts'
import { ciphers, tlsVersion } from '../tls-options.ts'
import { count, duration, flag, path } from '../values.ts'
import { destinationSchema, family, helo, readDestination, source } from './delivery-destinations.ts'

const connection = z.strictObject({
  idle: duration.prefault('5s').describe('Time that an idle connection is kept for the next message.'),
  messages: count('a whole number from 1').default(1000).describe('Maximum messages of one connection.'),
  age: duration.prefault('5m').describe('Age at which a connection is not used again.'),
})

const domainPattern = z
  .string()
  .regex(/^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)+$/i, { error: 'a domain such as example.net or *.example.net' })
  .transform((text) => text.toLowerCase())

const schema = z.strictObject({
  concurrency: count('a whole number from 1').default(200).describe('Maximum outgoing connections in total.'),
  destination_concurrency: count('a whole number from 1')
    .default(20)
    .describe('Maximum connections to one destination.'),
  tls: z
    .enum(['may', 'encrypt', 'dane'])
    .default('dane')
    .describe(
      'TLS to hosts on the internet. dane: as the TLSA records of the host demand (RFC 7672), and like may without them; may: if the host offers it; encrypt: always.',
    ),
  mandatory_tls: z
    .array(domainPattern)
    .default([])
    .describe('Domains, or `*.example.net`, that get mail over TLS only, whatever they publish.'),
  tls_version: tlsVersion.default('TLSv1.2').describe('Lowest version of TLS.'),
  tls_ciphers: ciphers.optional().describe('OpenSSL cipher list; default: that of Node.js.'),
  mta_sts: flag
    .default(true)
    .describe(
      'Whether the policies of MTA-STS (RFC 8461) that domains publish are obeyed, where `dane` applies and the host has no usable TLSA records.',
    ),
  public_ca: path
    .optional()
    .describe(
      'PEM file: authorities in place of the public ones, for mail hosts with MTA-STS, servers of policies and receivers of TLS reports.',
    ),
  policy_port: z
    .int()
    .min(1)
    .max(65535)
    .default(443)
    .describe(
      'Port of the servers of MTA-STS policies. Change it only in tests and demonstrations: with another port, servers in private networks are asked too.',
    ),
  prefer: family
    .default('both')
    .describe('Addresses to try first: ipv4, ipv6, or both in a random order. The other family follows in turn.'),
  source: source.prefault({}).describe('Source addresses; default: the system chooses.'),
  helo: helo.prefault({}).describe('Names in EHLO; default: `hostname`.'),
  connection: connection.prefault({}).describe('Reuse of connections.'),
  destinations: z
    .record(z.string(), destinationSchema)
    .default({})
    .describe('Exceptions, by next hop (`smtp:[relay.example.net]:587`), domain, host, `*.name` or `*`.'),
  replies: z
    .array(path, { error: 'a list of paths' })
    .default([])
    .describe('Files of rules that classify the replies of other servers. They precede the shipped rules.'),
  mx_port: z
    .int()
    .min(1)
    .max(65535)
    .default(25)
    .describe('Port of MX hosts. Change it only in tests and demonstrations.'),
  connect_timeout: duration.prefault('30s').describe('Time limit of a TCP connection.'),
  greeting_timeout: duration
    .prefault('5m')
    .describe('Time limit of the greeting and of the reply to EHLO (RFC 5321 4.5.3.2).'),
})

export const delivery = section(schema.prefault({}).describe('Outgoing connections.'), (written, reader) => {
  for (const [index, domain] of written.mandatory_tls.entries()) {
    const { tls } = written.destinations[domain] ?? {}
    if (tls === 'none' || tls === 'may')
      reader.report(
        ['mandatory_tls', index],
        `found ${domain}, which has tls: ${tls} in destinations, expected one of both`,
      )
  }
  return {
    ...written,
    public_ca: written.public_ca === undefined ? null : readCertificate(reader, ['public_ca'], written.public_ca),
    destinations: Object.fromEntries(
      Object.entries(written.destinations).map(([key, destination]) => [
        key,
        readDestination(key, destination, reader.below('destinations', key)),
      ]),
    ),
    /** In the order of the files. The first match counts. */
    replies: written.replies.flatMap(
      (file, index) =>
        readYaml(reader, { path: ['replies', index], file, expected: 'a file of reply rules' }, replyRulesSchema)
          ?.value ?? [],
    ),
  }
})
