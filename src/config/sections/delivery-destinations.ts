// `delivery.destinations`: exceptions for single destinations.

import { z } from 'zod'
import { parseNextHop } from '../../smtp/nexthop.ts'
import { readCertificate, readPassword } from '../read-files.ts'
import { readTlsMaterial, type TlsMaterial } from '../read-tls-material.ts'
import type { SectionReader } from '../section.ts'
import { ciphers, tlsVersion } from '../tls-options.ts'
import { count, ehloKeyword, fingerprint, hostName, ip, path, rate, text } from '../values.ts'

export const source = z.strictObject({
  ipv4: ip(4).optional().describe('Source address of IPv4 connections.'),
  ipv6: ip(6).optional().describe('Source address of IPv6 connections.'),
})

export const helo = z.strictObject({
  ipv4: hostName.optional().describe('Name on IPv4 connections.'),
  ipv6: hostName.optional().describe('Name on IPv6 connections.'),
})

export const family = z.enum(['ipv4', 'ipv6', 'both'])

const tlsLevels = ['none', 'may', 'encrypt', 'dane', 'verify', 'secure', 'fingerprint', 'dane-only'] as const

export type TlsLevel = (typeof tlsLevels)[number]

/** A name, or with a point in front all names below it. */
const matchName = z
  .string()
  .regex(/^\.?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i, { error: 'a name such as mx.example.net or .example.net' })

export const destinationSchema = z.strictObject({
  tls: z
    .enum(tlsLevels)
    .optional()
    .describe(
      'none: no TLS; may: TLS if offered; encrypt: always TLS; verify: always TLS with a verified certificate; dane: as the domain publishes; secure: as verify, with a name in the certificate that does not depend on MX records; fingerprint: always TLS with a listed certificate; dane-only: always TLS with a certificate that TLSA records verify. Default: `delivery.tls`, or verify with `user`.',
    ),
  match: z
    .array(matchName)
    .min(1)
    .optional()
    .describe(
      'With `tls: secure`: names of which the certificate must have one; default: the domain, and names below it.',
    ),
  fingerprints: z
    .array(fingerprint)
    .min(1)
    .optional()
    .describe('With `tls: fingerprint`: SHA-256 of certificates or of their public keys.'),
  tls_version: tlsVersion.optional().describe('Lowest version of TLS, instead of `delivery.tls_version`.'),
  tls_ciphers: ciphers.optional().describe('OpenSSL cipher list, instead of `delivery.tls_ciphers`.'),
  user: text('a user name').optional().describe('Log in as this user, over TLS only.'),
  password_file: path.optional().describe('File with the password of `user` on its first line.'),
  oauth: text('a name of oauth_clients')
    .optional()
    .describe('In place of `password_file`: log in as `user` with an access token of this client of `oauth_clients`.'),
  certificate: path.optional().describe('PEM file: the client certificate, instead of the one under `tls`.'),
  key: path.optional().describe('PEM file: the private key of `certificate`.'),
  ca: path.optional().describe("PEM file: the CA of the host's certificate; default: the public CAs."),
  discard_ehlo: z.array(ehloKeyword).default([]).describe('EHLO keywords to ignore, such as PIPELINING.'),
  concurrency: count('a whole number from 1')
    .optional()
    .describe('Maximum connections. If the key is a host, all domains behind the host share them.'),
  rate: rate
    .optional()
    .describe(
      'Maximum rate of messages: 10/s, 100/m, 500/h, or the minimum time between two. Shared like `concurrency`.',
    ),
  prefer: family.optional().describe('Addresses to try first: ipv4, ipv6, or both in a random order.'),
  source: source.optional().describe('Source addresses.'),
  helo: helo.optional().describe('Names in EHLO.'),
})

type DestinationFile = z.output<typeof destinationSchema>

export interface DestinationConfig
  extends Omit<DestinationFile, 'tls' | 'password_file' | 'certificate' | 'key' | 'ca'> {
  /** Null: as for all destinations. */
  readonly tls: TlsLevel | null
  readonly password: string | null
  /** The client certificate for this destination, or null for the node's own. */
  readonly shown: TlsMaterial | null
  /** PEM, or null for the public CAs. */
  readonly ca: string | null
}

/** Reads the files of one exception. `key` is the destination as written. */
export function readDestination(key: string, written: DestinationFile, reader: SectionReader): DestinationConfig {
  checkKeys(key, written, reader)
  const { tls, password_file, certificate, key: keyFile, ca, ...rest } = written
  return {
    ...rest,
    // A password is sent only to a verified host unless the operator decides otherwise.
    tls: tls ?? (rest.user === undefined ? null : 'verify'),
    password: password_file === undefined ? null : readPassword(reader, ['password_file'], password_file),
    shown:
      certificate !== undefined && keyFile !== undefined
        ? readTlsMaterial({ certificate, key: keyFile }, reader)
        : null,
    ca: ca === undefined ? null : readCertificate(reader, ['ca'], ca),
  }
}

const namePattern = /^(?:\*|(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[?[0-9a-f:.]+\]?)$/i

function checkKeys(key: string, written: DestinationFile, reader: SectionReader): void {
  const { user, tls, ca } = written
  if (!parseNextHop(key) && !namePattern.test(key))
    reader.report(
      [],
      'found an invalid destination, expected a next hop such as smtp:[relay.example.net]:587, a domain, a host, *.name or *',
    )
  checkLogin(written, reader)
  checkPair(written, reader, ['certificate', 'key'])
  checkTlsKeys(written, reader)
  if (user !== undefined && (tls === 'none' || tls === 'may' || tls === 'dane'))
    reader.report(
      ['tls'],
      `found ${tls}, expected verify, dane-only or encrypt: a password must not be sent in cleartext`,
    )
  if (user !== undefined && key.startsWith('*'))
    reader.report(['user'], `found ${user}, expected a destination without *: a password belongs to one server`)
  if (ca !== undefined && tls !== 'verify' && tls !== 'secure' && (tls !== undefined || user === undefined))
    reader.report(
      ['ca'],
      `found ${ca}, expected tls: verify or secure beside it: the other levels ignore the certificate`,
    )
}

/** Keys that belong to one level. */
function checkTlsKeys({ tls, match, fingerprints }: DestinationFile, reader: SectionReader): void {
  if (match !== undefined && tls !== 'secure')
    reader.report(['match'], `found ${match.join(', ')}, expected tls: secure beside it`)
  if (fingerprints !== undefined && tls !== 'fingerprint')
    reader.report(['fingerprints'], `found ${fingerprints.length} fingerprints, expected tls: fingerprint beside them`)
  if (fingerprints === undefined && tls === 'fingerprint')
    reader.report(['tls'], 'found fingerprint, expected fingerprints beside it')
}

/** A login has a user, and a password or a token. */
function checkLogin(written: DestinationFile, reader: SectionReader): void {
  const { user, password_file: file, oauth } = written
  if (oauth === undefined) return checkPair(written, reader, ['user', 'password_file'])
  if (user === undefined) reader.report(['oauth'], `found ${oauth}, expected user beside it`)
  if (file !== undefined) reader.report(['password_file'], `found ${file}, expected none beside oauth: ${oauth}`)
}

/** Keys that need each other. */
function checkPair(
  written: DestinationFile,
  reader: SectionReader,
  pair: readonly ['user', 'password_file'] | readonly ['certificate', 'key'],
): void {
  for (const [key, other] of [pair, pair.toReversed()] as (keyof DestinationFile)[][]) {
    const found = written[key as 'user']
    if (found !== undefined && written[other as 'user'] === undefined)
      reader.report([key as string], `found ${found}, expected ${other} beside it`)
  }
}
