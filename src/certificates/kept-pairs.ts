// The certificates that the node uses, with their keys, in one file for the owner of the data directory only. After a restart the node finds
// there what the files of the operator may have no more: the key that the DNS still names.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readIfThere, writePrivateFile } from './private-file.ts'

/** A certificate of an operator's files. */
export interface SlotPair {
  /** Its key in the YAML: `tls`, `tls.more.0`. */
  readonly slot: string
  /** PEM, with its chain. */
  readonly certificate: string
  /** PEM. */
  readonly key: string
  /** Unix milliseconds. */
  readonly expiresAt: number
}

/** A certificate of the files that the node does not use yet. */
export interface KeyWait {
  readonly slot: string
  /** SHA-256 of the certificate that waits. */
  readonly fingerprint: string
  /** Unix milliseconds. */
  readonly since: number
  /** Since when every resolver shows the key; null while one does not. */
  readonly shownSince: number | null
  /** The longest time to live of the records that was seen, seconds: other hosts keep older answers for this time. */
  readonly ttl: number
  /** For what it waits, as a phrase. */
  readonly cause: string
  /** When the certificate in use ends, and the new one is used whatever the DNS says. Unix milliseconds. */
  readonly until: number
}

/** A certificate that is used although the DNS has not shown its key. */
export interface UnshownKey {
  readonly slot: string
  readonly fingerprint: string
  /** Unix milliseconds. */
  readonly since: number
  readonly why: 'first' | 'expired' | 'operator'
  /** What the DNS lacks; null while nothing is known to be wrong. */
  readonly cause: string | null
}

export interface KeptPairs {
  readonly pairs: readonly SlotPair[]
  readonly waits: readonly KeyWait[]
  readonly unshown: readonly UnshownKey[]
}

export const noPairs: KeptPairs = { pairs: [], waits: [], unshown: [] }

/** No pairs without the file, and for a damaged one: then nothing is left that could be used. Rejects with the error of the file system. */
export async function readKept(file: string): Promise<KeptPairs> {
  const text = await readIfThere(file)
  if (text === null) return noPairs
  try {
    const { pairs, waits, unshown } = { ...noPairs, ...(JSON.parse(text) as Partial<KeptPairs>) }
    return { pairs: pairs.filter(isUsable), waits: [...waits], unshown: [...unshown] }
  } catch {
    return noPairs
  }
}

/** Rejects with the error of the file system. */
export async function writeKept(file: string, kept: KeptPairs): Promise<void> {
  await writePrivateFile(file, `${JSON.stringify(kept, null, 2)}\n`)
}

/** Throws for a damaged pair; false if its parts do not belong together. */
function isUsable({ certificate, key }: SlotPair): boolean {
  return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
}

/** SHA-256 of the certificate, hexadecimal. */
export function fingerprintOf({ certificate }: Pick<SlotPair, 'certificate'>): string {
  return new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase()
}
