// A temporary certificate authority for `waypost demo` and for tests (RFC 5280). Keys are ECDSA P-256, which are fast to generate.
// Use it on loopback only.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import { isIPv4 } from 'node:net'
import { systemClock } from '../lib/clock.ts'
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

export interface IssueRequest {
  /** Host names; the first one is the subject. */
  readonly names: readonly string[]
  readonly ips?: readonly string[]
  /** True: for client authentication only. Default: for servers and clients. */
  readonly client?: boolean
  /** Days of validity; a negative number issues an expired certificate. Default 30. */
  readonly days?: number
  /** True: an empty subject, with the names in subjectAltName only (RFC 5280 4.1.2.6), as some public authorities issue. */
  readonly noSubject?: boolean
  /** PKCS8 PEM of an existing key (renewal keeps the key fingerprint). Default: a new key. */
  readonly key?: string
}

export interface Issued {
  /** PEM. */
  readonly certificate: string
  /** PKCS8 PEM. */
  readonly key: string
}

export interface Authority {
  /** PEM of the root certificate. */
  readonly certificate: string
  issue(request: IssueRequest): Issued
}

interface Signer {
  readonly name: Buffer
  readonly key: KeyObject
  readonly keyId: Buffer
}

interface Certified {
  readonly subject: Buffer
  readonly publicKey: KeyObject
  readonly days: number
  readonly extensions: readonly Buffer[]
}

const DAY = 24 * 60 * 60 * 1000
/** Longer than any demonstration runs, and short because the keys are not protected. */
const DEFAULT_DAYS = 30
/** Clocks differ: the validity starts one hour ago. */
const BACKDATE_MS = 60 * 60 * 1000

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))
const serverAuth = oid('1.3.6.1.5.5.7.3.1')
const clientAuth = oid('1.3.6.1.5.5.7.3.2')
/** Key usage bits (RFC 5280 4.2.1.3): digitalSignature; keyCertSign and cRLSign. */
const signatureUsage = bitString(Buffer.from([0x80]), 7)
const authorityUsage = bitString(Buffer.from([0x06]), 1)

/** Creates an authority with a new key. `name` is its common name. */
export function createAuthority(name: string): Authority {
  const { privateKey, publicKey } = newKeys()
  const signer: Signer = { name: commonName(name), key: privateKey, keyId: keyIdOf(publicKey) }
  const root = certify(signer, {
    subject: signer.name,
    publicKey,
    days: DEFAULT_DAYS,
    extensions: [
      extension('2.5.29.19', sequence(boolean(true)), true),
      extension('2.5.29.15', authorityUsage, true),
      extension('2.5.29.14', octetString(signer.keyId)),
    ],
  })
  return { certificate: root, issue: (request) => issue(signer, request) }
}

function issue(signer: Signer, request: IssueRequest): Issued {
  const privateKey = request.key === undefined ? newKeys().privateKey : createPrivateKey(request.key)
  const publicKey = createPublicKey(privateKey)
  const certificate = certify(signer, {
    subject: request.noSubject ? sequence() : commonName(request.names[0] ?? 'unnamed'),
    publicKey,
    days: request.days ?? DEFAULT_DAYS,
    extensions: [
      extension('2.5.29.19', sequence(), true),
      extension('2.5.29.15', signatureUsage, true),
      extension('2.5.29.37', request.client ? sequence(clientAuth) : sequence(serverAuth, clientAuth)),
      extension('2.5.29.17', alternativeNames(request), request.noSubject),
      extension('2.5.29.35', sequence(implicit(0, signer.keyId))),
      extension('2.5.29.14', octetString(keyIdOf(publicKey))),
    ],
  })
  return { certificate, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

/** A version 3 certificate (RFC 5280 4.1), PEM. */
function certify(signer: Signer, certified: Certified): string {
  const now = systemClock.now()
  const end = now + certified.days * DAY
  const start = Math.min(now, end) - BACKDATE_MS
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serial()),
    ecdsaWithSha256,
    signer.name,
    sequence(time(new Date(start)), time(new Date(end))),
    certified.subject,
    certified.publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...certified.extensions)),
  )
  const der = sequence(body, ecdsaWithSha256, bitString(sign('sha256', body, signer.key)))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return critical ? sequence(oid(id), boolean(true), octetString(value)) : sequence(oid(id), octetString(value))
}

function alternativeNames(request: IssueRequest): Buffer {
  const names = request.names.map((name) => implicit(2, Buffer.from(name, 'latin1')))
  const addresses = (request.ips ?? []).map((ip) => implicit(7, addressOctets(ip)))
  return sequence(...names, ...addresses)
}

function commonName(name: string): Buffer {
  return sequence(set(sequence(oid('2.5.4.3'), utf8String(name))))
}

/** RFC 5280 4.2.1.2: any method that yields a unique value; here SHA-1 of the SubjectPublicKeyInfo. */
function keyIdOf(key: KeyObject): Buffer {
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

function newKeys(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
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
