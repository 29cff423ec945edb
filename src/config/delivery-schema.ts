// The keys under `delivery` and `bounce`: how mail leaves this node, exceptions by destination, and who is told what became of it.

import { z } from 'zod'
import { count, duration, ehloKeyword, flag, hostName, ip, rate, text } from './values.ts'

const path = text('a path')

const source = z.strictObject({
  ipv4: ip(4).optional().describe('IPv4 address that connections come from.'),
  ipv6: ip(6).optional().describe('IPv6 address that connections come from.'),
})

const helo = z.strictObject({
  ipv4: hostName.optional().describe('Where the connection is an IPv4 one.'),
  ipv6: hostName.optional().describe('Where the connection is an IPv6 one.'),
})

const destinationSchema = z.strictObject({
  tls: z
    .enum(['may', 'encrypt', 'verify'])
    .optional()
    .describe(
      'TLS when offered, always, or always with a certificate that is right; as for all others where not given, verify where a user is.',
    ),
  user: text('a user name').optional().describe('Log in as this user; over TLS only.'),
  password_file: path.optional().describe('File with the password of `user` on its first line.'),
  certificate: path.optional().describe('PEM file: the certificate we show, instead of that under `tls`.'),
  key: path.optional().describe('PEM file: the private key of `certificate`.'),
  ca: path.optional().describe("PEM file: who signs the host's certificate; the public CAs where not given."),
  discard_ehlo: z.array(ehloKeyword).default([]).describe('Keywords of EHLO to overlook, such as PIPELINING.'),
  concurrency: count('a whole number from 1')
    .optional()
    .describe('Connections at once; where the key is a host, of all domains behind it together.'),
  rate: rate
    .optional()
    .describe('Messages begun: 10/s, 100/m, 500/h, or the least time between two; shared like `concurrency`.'),
  source: source.optional().describe('Source addresses.'),
  helo: helo.optional().describe('Names in EHLO.'),
})

const connection = z.strictObject({
  idle: duration.prefault('5s').describe('How long a connection waits for its next message.'),
  messages: count('a whole number from 1').default(1000).describe('Messages over one connection.'),
  age: duration.prefault('5m').describe('How long a connection is used.'),
})

export const deliverySchema = z.strictObject({
  concurrency: count('a whole number from 1').default(200).describe('Connections to the outside in all.'),
  destination_concurrency: count('a whole number from 1').default(20).describe('Connections to one destination.'),
  tls: z.enum(['may', 'encrypt']).default('may').describe('To the internet: TLS when offered, or always.'),
  source: source.prefault({}).describe('Source addresses; the system chooses where none is given.'),
  helo: helo.prefault({}).describe('Names in EHLO; the host name where none is given.'),
  connection: connection.prefault({}).describe('How long a connection is kept and used.'),
  destinations: z
    .record(z.string(), destinationSchema)
    .default({})
    .describe('Exceptions, by next hop (`smtp:[relay.example.net]:587`), domain, host, `*.name` or `*`.'),
  replies: z
    .array(path, { error: 'a list of paths' })
    .default([])
    .describe('Files of rules that class what other servers say; they come before those of the program.'),
  mx_port: z
    .int()
    .min(1)
    .max(65535)
    .default(25)
    .describe('Port of MX hosts; other than 25 only in tests and demonstrations.'),
  connect_timeout: duration.prefault('30s').describe('Wait for a TCP connection.'),
  greeting_timeout: duration
    .prefault('5m')
    .describe('Wait for the greeting and for the reply to EHLO (RFC 5321 4.5.3.2).'),
})

export const bounceSchema = z.strictObject({
  copy_to: text('an address')
    .optional()
    .describe('Gets a copy of every report of a failure, with all that the sender is not told.'),
  double_bounces_to: text('an address')
    .optional()
    .describe('Gets reports about mail with the null sender that failed; nobody where not given.'),
  expanded: flag
    .default(false)
    .describe('Tell senders who asked for success that an alias stands for several addresses (RFC 3461 5.2.7.3).'),
})
