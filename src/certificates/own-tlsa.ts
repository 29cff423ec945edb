// TLSA records of a key of ours: usage 3, selector 1, matching type 1 (RFC 7671 5.1). The selector is the public key, so that a renewal with
// the same key changes nothing.

import { createHash } from 'node:crypto'
import { publicKeyInfo } from './key-kind.ts'

/** SHA-256 of the public key of a private key or a certificate in PEM. */
export function tlsaDigest(pem: string): Buffer {
  return createHash('sha256').update(publicKeyInfo(pem)).digest()
}

/** Owner names, such as `_25._tcp.mx-01.example.org` (RFC 6698 3). */
export function tlsaOwners(names: readonly string[], ports: readonly number[]): string[] {
  return names.flatMap((name) => ports.map((port) => `_${port}._tcp.${name}`))
}

/** A line of a zone file. */
export function tlsaLine(owner: string, digest: Buffer): string {
  return `${owner}. IN TLSA 3 1 1 ${digest.toString('hex')}`
}
