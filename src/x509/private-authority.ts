// A private certificate authority. It issues certificates of nodes and machines.

import { createPrivateKey, createPublicKey } from 'node:crypto'
import {
  authorityExtensions,
  certify,
  commonName,
  emptyName,
  hostExtensions,
  keyIdOf,
  newKeys,
  type Signer,
} from './certify.ts'

/** A certificate and its private key. */
export interface Issued {
  /** PEM. */
  readonly certificate: string
  /** PKCS8 PEM. */
  readonly key: string
}

export interface IssueRequest {
  /** Host names; the first one is the subject. */
  readonly names: readonly string[]
  readonly ips?: readonly string[]
  /** True: for client authentication only. Default: for servers and clients. */
  readonly client?: boolean
  /** Days of validity; a negative number issues an expired certificate. */
  readonly days: number
  /** True: an empty subject, with the names in subjectAltName only (RFC 5280 4.1.2.6), as some public authorities issue. */
  readonly noSubject?: boolean
  /** PKCS8 PEM of an existing key (renewal keeps the key fingerprint). Default: a new key. */
  readonly key?: string
  /** Unix milliseconds. */
  readonly now: number
}

interface RootRequest {
  /** Common name. */
  readonly name: string
  /** The only domains whose names it may certify (RFC 5280 4.2.1.10). Empty: any, and addresses. */
  readonly domains: readonly string[]
  readonly days: number
  readonly now: number
}

/** A new authority with a new key. */
export function createRoot({ name, domains, days, now }: RootRequest): Issued & { readonly signer: Signer } {
  const { privateKey, publicKey } = newKeys()
  const signer = { name: commonName(name), key: privateKey, keyId: keyIdOf(publicKey) }
  const extensions = authorityExtensions(publicKey, domains)
  const certificate = certify(signer, { subject: signer.name, publicKey, extensions, now, days })
  return { certificate, key: writtenKey(privateKey), signer }
}

/** A certificate by this authority. Throws if `key` is not a private key. */
export function issueCertificate(signer: Signer, request: IssueRequest): Issued {
  const privateKey = request.key === undefined ? newKeys().privateKey : createPrivateKey(request.key)
  const publicKey = createPublicKey(privateKey)
  const { names, ips = [], client: isClient = false, noSubject: isCritical = false, days, now } = request
  const certificate = certify(signer, {
    subject: isCritical ? emptyName : commonName(names[0] ?? 'unnamed'),
    publicKey,
    extensions: hostExtensions(publicKey, signer, { names, ips, isClient, isCritical }),
    now,
    days,
  })
  return { certificate, key: writtenKey(privateKey) }
}

function writtenKey(key: ReturnType<typeof createPrivateKey>): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}
