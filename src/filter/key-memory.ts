// Keeps the keys that were read from key records (RFC 6376 3.6.1). mailauth reads and exports a key for every signature, and parses it
// again to verify, which together takes longer than the verification. A record always has the same key, so the text of the record is
// what a key is kept by: how long the record itself is valid, the DNS cache decides.

import { createPublicKey, type KeyObject } from 'node:crypto'
import { getPublicKey, toALabel } from 'mailauth/lib/tools.js'
import { quietError } from '../lib/quiet-error.ts'
import type { MailauthResolver } from './mailauth-adapter.ts'

/** What mailauth knows of a key, which has more members. `publicKey` is a text if mailauth made it; `crypto.verify` takes both. */
export interface PublicKey {
  readonly publicKey: KeyObject | string | Buffer
}

export interface KeyOptions {
  readonly strict?: boolean
  readonly hashAlgo?: string
}

/** The interface of mailauth for the keys of one message. */
export interface MailauthKeyCache {
  readonly resolver: MailauthResolver
  get(type: string, name: string, minBitLength: number | undefined, options: KeyOptions): Promise<PublicKey>
}

export interface KeyMemory {
  /** The key of a record, or the error that mailauth has for it. */
  read(record: string, asked: KeyQuestion): Promise<PublicKey>
}

export interface KeyQuestion {
  readonly type: string
  readonly name: string
  readonly minBitLength: number | undefined
  readonly options: KeyOptions
}

type Kept =
  | { readonly key: PublicKey }
  | { readonly problem: { readonly message: string; readonly code: unknown; rr: unknown } }

/** Keys that are kept: most mail has a key of few domains. With records of usual size they take 3 MiB. */
const KEPT_KEYS = 1000
/** Characters of a record that is kept: a key of 4096 bits has 750. Others, up to 64 KiB, would fill the memory of a thread. */
export const KEPT_RECORD_LENGTH = 2048

/** One for all messages. */
export function createKeyMemory(): KeyMemory {
  const kept = new Map<string, Kept>()
  return {
    read: async (record, asked) => {
      const { strict, hashAlgo } = asked.options
      const id = `${strict === true} ${asked.minBitLength ?? ''} ${hashAlgo ?? ''} ${record}`
      const known = kept.get(id)
      if (known !== undefined) {
        // The least recently used is the first one.
        kept.delete(id)
        kept.set(id, known)
        return given(known)
      }
      const found = await readKey(record, asked)
      if (record.length <= KEPT_RECORD_LENGTH) {
        const [oldest] = kept.keys()
        if (kept.size >= KEPT_KEYS && oldest !== undefined) kept.delete(oldest)
        kept.set(id, found)
      }
      return given(found)
    },
  }
}

/** The keys of one message, with the DNS of `resolver`. */
export function keysOf(memory: KeyMemory, resolver: MailauthResolver): MailauthKeyCache {
  const read = async (asked: KeyQuestion): Promise<PublicKey> => {
    // RFC 8616 3: a U-label is converted before it is looked up.
    const records = await resolver(toALabel(asked.name), 'TXT')
    return memory.read([records[0] ?? ''].flat().join(''), asked)
  }
  return {
    resolver,
    get: (type, name, minBitLength, options) => {
      const key = read({ type, name, minBitLength, options })
      // mailauth begins look-ups before it waits for them.
      key.catch(() => {})
      return key
    },
  }
}

function given(kept: Kept): PublicKey {
  if ('key' in kept) return kept.key
  // mailauth adds the name to the error, so that each needs another one.
  throw quietError(kept.problem.message, { code: kept.problem.code, rr: kept.problem.rr })
}

async function readKey(record: string, { type, name, minBitLength, options }: KeyQuestion): Promise<Kept> {
  try {
    const key = await getPublicKey(type, name, minBitLength, async () => [[record]], options)
    return { key: { ...key, publicKey: createPublicKey(key.publicKey as string | Buffer) } }
  } catch (error) {
    const { message, code, rr } = error as Error & { readonly code?: unknown; readonly rr?: unknown }
    return { problem: { message, code, rr } }
  }
}
