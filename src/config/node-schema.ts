// The keys of a node's YAML: units, defaults and a sentence of help for each. docs/configuration.md is made from this.

import { z } from 'zod'
import { bounceSchema, deliverySchema } from './delivery-schema.ts'
import { directorySchema } from './directory-schema.ts'
import { rspamdSchema } from './rspamd-schema.ts'
import {
  bindAddress,
  count,
  duration,
  fingerprint,
  flag,
  hostAndPort,
  hostName,
  network,
  serverAddress,
  size,
  spamScore,
  text,
} from './values.ts'

const path = text('a path')

const peer = z.union(
  [
    hostAndPort.transform((endpoint) => ({
      ...endpoint,
      addresses: [] as string[],
      fingerprints: [] as string[],
      name: undefined,
    })),
    z
      .strictObject({
        host: hostAndPort.describe('Name or address, with a port other than 25 behind a colon.'),
        addresses: z.array(network).default([]).describe('Addresses or networks it is known by when it connects.'),
        fingerprints: z
          .array(fingerprint)
          .default([])
          .describe('SHA-256 of its public key (outlives renewals) or of its certificate.'),
        name: hostName
          .optional()
          .describe('Name that its certificate shows, where `host` is an address or another name.'),
      })
      .transform(({ host, ...proofs }) => ({ ...host, ...proofs })),
  ],
  { error: 'a host such as srs.example.org:25, or { host, addresses, fingerprints, name }' },
)

const tls = z.strictObject({
  certificate: path.describe('PEM file: the certificate and its chain.'),
  key: path.describe('PEM file: the private key of the certificate.'),
  ca: path
    .optional()
    .describe('PEM file: who signs the certificates of our nodes and machines. With it, peers are verified.'),
})

const dns = z.strictObject({
  servers: z
    .array(serverAddress)
    .min(1)
    .optional()
    .describe("Validating resolvers; the system's own where none is given."),
  timeout: duration.prefault('5s').describe('Wait for one answer of one server.'),
})

const hashLengthExpected = 'a whole number from 4 to 27'
/** Shorter is guessed, longer is no HMAC-SHA1 any more (27 characters of base64). */
const hashLength = z
  .int({ error: hashLengthExpected })
  .min(4, { error: hashLengthExpected })
  .max(27, { error: hashLengthExpected })

const srs = z.strictObject({
  domain: hostName.describe('Domain of rewritten addresses; its MX are our mx nodes.'),
  secrets: z.array(path).min(1).describe('Files with one secret each: the first signs, all verify.'),
  max_age: duration.prefault('21d').describe('How long a bounce may take to come home.'),
  hash_length: hashLength.default(4).describe('Characters of the hash in addresses that are written, 4 to 27.'),
  hash_minimum: hashLength
    .optional()
    .describe(
      'The shortest hash that is believed; hash_length where not given. The old length, while old addresses are about.',
    ),
})

const arc = z.strictObject({
  seal: flag
    .default(false)
    .describe('Add an ARC set (RFC 8617) to mail that leaves by a forward: what was found, sealed with our key.'),
})

/**
 * Where rspamd marks a mail as spam (add_header in its conf/actions.conf; it refuses from 15 on): what we would only take with a mark is
 * not passed on in our name, for large providers judge a forwarder by such mail.
 */
const FORWARD_CEILING = 6

const forwards = z.strictObject({
  when_dmarc_would_fail: z
    .enum(['pass', 'rewrite-from', 'wrap', 'refuse'], { error: 'one of pass, rewrite-from, wrap, refuse' })
    .default('rewrite-from')
    .describe(
      "Forwarded mail that passed DMARC here and would fail at its destination: leave it, write a From: of ours, attach it to a mail of ours, or refuse it. A forward's own word in the routing data comes first.",
    ),
  domain: hostName
    .optional()
    .describe('Domain of rewritten authors; our keys must sign for it. The SRS domain where not given.'),
  spam_ceiling: spamScore
    .prefault(FORWARD_CEILING)
    .describe(
      'Spam score from which on nothing is forwarded, or none. What the routing data say of a forward or of its destination comes first.',
    ),
})

const queue = z.strictObject({
  minimal_backoff: duration.prefault('5m').describe('Least time between two attempts.'),
  maximal_backoff: duration.prefault('4000s').describe('Most time between two attempts.'),
  lifetime: duration.prefault('5d').describe('After this a recipient expires and the sender is told.'),
  delay_warning: duration.optional().describe('Tell the sender once that mail is late; never where not given.'),
  reserve: size.prefault('64M').describe('Free disk below which new mail is deferred.'),
  keep_events: duration.prefault('30d').describe('How long the ledger remembers mail that has left.'),
})

const limits = z.strictObject({
  message_size: size.prefault('50M').describe('Octets of a message.'),
  recipients: count('a whole number from 1').default(1000).describe('Forward-paths of a transaction.'),
  connections: count('a whole number from 1').default(1000).describe('Connections of a listener in all.'),
  connections_per_ip: count('a whole number from 1').default(50).describe('Connections of one client address.'),
  command_timeout: duration
    .prefault('5m')
    .describe('How long a client may be silent, between commands and within a message (RFC 5321 4.5.3.2.7).'),
})

const admin = z.strictObject({
  listen: bindAddress.describe('Where /metrics and /healthz are served.'),
  allow_remote: flag.default(false).describe('Permit an address other than loopback.'),
})

const handover = z.strictObject({
  listen: bindAddress.describe('Where other nodes hand their queues over (HTTPS with certificates of both ends).'),
  peers: z
    .array(text('a role of peers'))
    .min(1, { error: 'at least one role of peers' })
    .optional()
    .describe('Roles of the peers that may, known by their fingerprints; every peer with one where not given.'),
})

const privacy = z.enum(['keep', 'hash', 'drop'])

const log = z.strictObject({
  level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least level that is written.'),
  addresses: privacy.default('keep').describe('Mail addresses and user names in the log.'),
  ips: privacy.default('keep').describe('Client addresses in the log.'),
})

export const nodeSchema = z.strictObject({
  role: text('mx, srs, submission, mta, or the path of a role file').describe('Role of this node.'),
  hostname: hostName.describe('Name in the greeting, EHLO and trace header.'),
  domain: hostName.describe("The organisation's main mail domain."),
  data: path.describe('Directory of the queue; must survive restarts.'),
  listen: z.record(z.string(), bindAddress).default({}).describe("Addresses of the role's listeners, by their names."),
  tls: tls.optional().describe('Certificate of this node.'),
  hiera: path.optional().describe('hiera.yaml of the routing data.'),
  mail: z
    .array(path, { error: 'a list of paths' })
    .default([])
    .describe(
      'Routing data besides Hiera: YAML files, aliases(5) files, folders of per-host fragments, TOML files of people and teams.',
    ),
  directory: directorySchema.prefault({}).describe('Routing data and people from LDAP and SQL; files lead.'),
  facts: z.record(z.string(), z.unknown()).default({}).describe('Facts for the interpolation of Hiera paths.'),
  dns: dns.prefault({}).describe('Resolver.'),
  peers: z
    .record(z.string(), z.array(peer))
    .default({})
    .describe('Our other nodes, by role: where to send and whom to admit.'),
  users: path.optional().describe('passwd-file of the people who may submit mail.'),
  machines: path.optional().describe('YAML file of the machines that may submit mail.'),
  dkim: z
    .strictObject({ keys: path.describe('Directory of signing keys.') })
    .optional()
    .describe('Signing.'),
  srs: srs.optional().describe('Sender rewriting.'),
  forwards: forwards.prefault({}).describe('Mail that leaves our domains in the name of a foreign author.'),
  arc: arc.prefault({}).describe('Sealing of forwarded mail.'),
  smarthost: text('a next hop such as smtp:[relay.example.net]:587')
    .optional()
    .describe('Next hop of all mail to foreign domains.'),
  postmaster: text('an address').optional().describe('Who answers for this node; postmaster@domain where not given.'),
  authserv_id: hostName
    .optional()
    .describe('Identity in Authentication-Results, the same on all nodes; the domain where not given.'),
  dmarc: z
    .strictObject({
      reject: flag
        .default(false)
        .describe('Refuse mail that fails a policy of reject, or names several authors so that none applies.'),
    })
    .prefault({})
    .describe('What follows from DMARC.'),
  rspamd: rspamdSchema.optional().describe('Spam filter; the role says whose mail it is asked about.'),
  queue: queue.prefault({}).describe('Retries and storage.'),
  delivery: deliverySchema.prefault({}).describe('Outgoing connections.'),
  bounce: bounceSchema.prefault({}).describe('Reports about mail that failed, is late or arrived.'),
  limits: limits.prefault({}).describe('Limits of receiving.'),
  watch: flag.default(false).describe('Read everything again when a file changes, without being told.'),
  admin: admin.optional().describe('HTTP for operators.'),
  handover: handover.optional().describe('Taking mail out of the queues of other nodes (`waypost queue drain --to`).'),
  log: log.prefault({}).describe('Log.'),
})

export type NodeFile = z.output<typeof nodeSchema>
