// Signs a message with every active key of the author's domain (RFC 6376 5, RFC 8463), relaxed/relaxed.
// Why not with mailauth: docs/decisions, "DKIM signing". Whether the mail deserves a signature is not decided here.

import { createHash, sign as signWith } from 'node:crypto'
import { promisify } from 'node:util'
import type { Content } from '../message/content.ts'
import { canonicalBody } from './canonical-body.ts'
import { type HeaderField, signedOctets, splitFields } from './canonical-header.ts'
import { alreadySigned } from './existing-signature.ts'
import type { DkimKey } from './key.ts'
import { signedField, unsignedField } from './signature-field.ts'
import { signedFieldNames } from './signed-fields.ts'
import type { Signer, SignResult } from './signer.ts'

export interface SignerSettings {
  /** Keys of any stage; only active ones sign. */
  readonly keys: readonly DkimKey[]
  /** Domains whose keys also sign for their subdomains (relaxed alignment of DMARC, RFC 9989 4.4.1, accepts that). */
  readonly parents: readonly string[]
}

const signInPool = promisify(signWith)

/** A signer over keys already loaded. A reload makes a new one. */
export function createSigner(settings: SignerSettings): Signer {
  const keysOf = new Map<string, DkimKey[]>()
  for (const key of settings.keys) {
    if (key.stage !== 'active') continue
    const keys = keysOf.get(key.domain)
    if (keys) keys.push(key)
    else keysOf.set(key.domain, [key])
  }
  const parents = new Set(settings.parents.map((domain) => domain.toLowerCase()))
  const keysFor = (fromDomain: string): readonly DkimKey[] => {
    let domain = fromDomain.toLowerCase()
    const exact = keysOf.get(domain)
    if (exact) return exact
    for (let dot = domain.indexOf('.'); dot >= 0; dot = domain.indexOf('.')) {
      domain = domain.slice(dot + 1)
      const keys = parents.has(domain) ? keysOf.get(domain) : undefined
      if (keys) return keys
    }
    return []
  }
  return {
    signsFor: (domain) => keysFor(domain).length > 0,
    async sign(content, { fromDomain, now }): Promise<SignResult> {
      const usable = keysFor(fromDomain)
      if (usable.length === 0) return { kind: 'unsigned', reason: `no active key for ${fromDomain}` }
      const fields = splitFields(content.header)
      const message = { fields, bodyHash: await hashBody(content), time: Math.floor(now / 1000) }
      const keys = usable.filter((key) => !alreadySigned(fields, message.bodyHash, key))
      if (keys.length === 0) return { kind: 'unsigned', reason: `signed for ${fromDomain} already` }
      const signed = await Promise.all(keys.map((key) => signMessage(message, key)))
      return {
        kind: 'signed',
        fields: Buffer.from(signed.join(''), 'latin1'),
        signatures: keys.map(({ domain, selector, algorithm }) => ({ domain, selector, algorithm })),
      }
    },
  }
}

/** bh=: the SHA-256 of the canonical body, base64. */
async function hashBody(content: Content): Promise<string> {
  const hash = createHash('sha256')
  const canonical = canonicalBody('relaxed', (piece) => hash.update(piece))
  for await (const chunk of content.openBody()) canonical.update(chunk as Buffer)
  canonical.end()
  return hash.digest('base64')
}

interface HashedMessage {
  readonly fields: readonly HeaderField[]
  readonly bodyHash: string
  readonly time: number
}

async function signMessage(message: HashedMessage, key: DkimKey): Promise<string> {
  const names = signedFieldNames(message.fields)
  const { algorithm, domain, selector } = key
  const { bodyHash, time } = message
  const unsigned = unsignedField({ algorithm, domain, selector, time, names, bodyHash })
  const octets = signedOctets(message.fields, names, { raw: unsigned, form: 'relaxed' })
  return signedField(unsigned, await signOctets(key, octets))
}

/** RSA goes to the thread pool (a third of a millisecond each); ed25519 costs less than the way there. */
async function signOctets(key: DkimKey, octets: Buffer): Promise<Buffer> {
  if (key.algorithm === 'rsa-sha256') return signInPool('sha256', octets, key.privateKey)
  // RFC 8463 3: PureEdDSA over the SHA-256 of the octets.
  return signWith(null, createHash('sha256').update(octets).digest(), key.privateKey)
}
