// Writes X.509 certificates (RFC 5280): of private authorities, of nodes and of machines. Keys are ECDSA P-256, which are fast to generate.

import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  octetString,
  oid,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts'

/** What signs certificates. */
export interface Signer {
  /** DER of the name. */
  readonly name: Buffer
  /** Private, ECDSA. */
  readonly key: KeyObject
  /** As in its certificate (RFC 5280 4.2.1.2); null: it has none. */
  readonly keyId: Buffer | null
}

interface Certified {
  readonly subject: Buffer
  readonly publicKey: KeyObject
  readonly extensions: readonly Buffer[]
  /** Unix milliseconds. */
  readonly now: number
  /** A negative number makes an expired certificate. */
  readonly days: number
}

export interface SubjectNames {
  readonly names: readonly string[]
  readonly ips: readonly string[]
}

const DAY = 24 * 60 * 60 * 1000
/** Clocks differ: the validity starts one hour ago. */
const BACKDATE_MS = 60 * 60 * 1000

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))
const serverAuth = oid('1.3.6.1.5.5.7.3.1')
const clientAuth = oid('1.3.6.1.5.5.7.3.2')
/** Key usage bits (RFC 5280 4.2.1.3): digitalSignature; keyCertSign and cRLSign. */
const signatureUsage = bitString(Buffer.from([0x80]), 7)
const authorityUsage = bitString(Buffer.from([0x06]), 1)
/** RFC 5280 4.2.1.10: address and mask, 0.0.0.0/0 and ::/0. */
const everyAddress = [Buffer.alloc(8), Buffer.alloc(32)]

/** A version 3 certificate (RFC 5280 4.1), PEM. */
export function certify(signer: Signer, { subject, publicKey, extensions, now, days }: Certified): string {
  const end = now + days * DAY
  const start = Math.min(now, end) - BACKDATE_MS
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serial()),
    ecdsaWithSha256,
    signer.name,
    sequence(time(new Date(start)), time(new Date(end))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions)),
  )
  const der = sequence(body, ecdsaWithSha256, bitString(sign('sha256', body, signer.key)))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

/** The extensions of an authority. With `domains`, its certificates are valid only for names in them, and for no addresses. */
export function authorityExtensions(publicKey: KeyObject, domains: readonly string[]): readonly Buffer[] {
  const limits = domains.length === 0 ? [] : [extension('2.5.29.30', nameConstraints(domains), true)]
  return [
    extension('2.5.29.19', sequence(boolean(true)), true),
    extension('2.5.29.15', authorityUsage, true),
    extension('2.5.29.14', octetString(keyIdOf(publicKey))),
    ...limits,
  ]
}

/** The extensions of a host: for servers and clients, or for clients only. `isCritical`: the names, where the subject is empty. */
export function hostExtensions(
  publicKey: KeyObject,
  signer: Signer,
  host: SubjectNames & { readonly isClient: boolean; readonly isCritical: boolean },
): readonly Buffer[] {
  return [
    extension('2.5.29.19', sequence(), true),
    extension('2.5.29.15', signatureUsage, true),
    extension('2.5.29.37', host.isClient ? sequence(clientAuth) : sequence(serverAuth, clientAuth)),
    extension('2.5.29.17', alternativeNames(host), host.isCritical),
    ...(signer.keyId ? [extension('2.5.29.35', sequence(implicit(0, signer.keyId)))] : []),
    extension('2.5.29.14', octetString(keyIdOf(publicKey))),
  ]
}

export function newKeys(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

/** A name with only a common name. */
export function commonName(name: string): Buffer {
  return sequence(set(sequence(oid('2.5.4.3'), utf8String(name))))
}

export const emptyName: Buffer = sequence()

function extension(id: string, value: Buffer, critical = false): Buffer {
  return critical ? sequence(oid(id), boolean(true), octetString(value)) : sequence(oid(id), octetString(value))
}

function alternativeNames({ names, ips }: SubjectNames): Buffer {
  return sequence(...names.map(dnsName), ...ips.map((ip) => implicit(7, addressOctets(ip))))
}

/** RFC 5280 4.2.1.10: a domain permits itself and every name below it. */
function nameConstraints(domains: readonly string[]): Buffer {
  const permitted = domains.map((domain) => sequence(dnsName(domain)))
  const excluded = everyAddress.map((octets) => sequence(implicit(7, octets)))
  return sequence(explicit(0, ...permitted), explicit(1, ...excluded))
}

function dnsName(name: string): Buffer {
  return implicit(2, Buffer.from(name, 'latin1'))
}

/** RFC 5280 4.2.1.2: any method that yields a unique value; here SHA-1 of the SubjectPublicKeyInfo. */
export function keyIdOf(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
}

/** 64 random bits, positive and never zero (RFC 5280 4.1.2.2). */
function serial(): Buffer {
  const octets = randomBytes(8)
  octets[0] = ((octets[0] as number) & 0x7f) | 0x40
  return octets
}

function addressOctets(ip: string): Buffer {
  if (isIPv4(ip)) return Buffer.from(ip.split('.').map(Number))
  const [head, tail] = ip.split('::') as [string, string | undefined]
  const groups = (text: string | undefined) => (text ? text.split(':') : [])
  const missing = 8 - groups(head).length - groups(tail).length
  const all =
    tail === undefined ? groups(head) : [...groups(head), ...Array<string>(missing).fill('0'), ...groups(tail)]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}
