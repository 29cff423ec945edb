// Adds an ARC set to a message (RFC 8617 5.1): the authentication results, a signature over the outgoing message, and a seal over the
// chain. The verifying node recorded the result of the chain; nothing is verified again.

import { parseResults } from '../message/results-field.ts'
import { readChain, MAX_INSTANCE } from './arc-chain.ts'
import { emptyField, filledField, messageSignature, resultsField, seal, type SetTags } from './arc-fields.ts'
import { hashBody } from './canonical-body.ts'
import { canonicalField, type HeaderField, signedOctets, splitFields } from './canonical-header.ts'
import { type DkimKey, signOctets } from './key.ts'
import { createKeyChoice, type KeySettings } from './key-choice.ts'
import type { Sealer, SealOptions, SealResult } from './sealer.ts'
import { signedFieldNames } from './signed-fields.ts'

/** Creates a sealer with loaded keys. Of several keys it uses an RSA key, which every verifier supports. */
export function createSealer(settings: KeySettings): Sealer {
  const keysFor = createKeyChoice(settings)
  return {
    seal: async (content, options) => {
      const keys = keysFor(options.domain)
      const key = keys.find((one) => one.algorithm === 'rsa-sha256') ?? keys[0]
      if (!key) return unsealed(`no active key for ${options.domain}`)
      const fields = splitFields(content.header)
      const names = [...namesOf(fields)]
      return sealWith({ key, fields, names, bodyHash: await hashBody(content) }, options)
    },
  }
}

export interface Sealing {
  readonly key: DkimKey
  readonly fields: readonly HeaderField[]
  /** h= of the message signature: neither trace nor ARC fields (4.1.2). */
  readonly names: readonly string[]
  readonly bodyHash: string
}

/** Creates the set over the given fields. */
export async function sealWith(sealing: Sealing, options: SealOptions): Promise<SealResult> {
  const { key, fields, names, bodyHash } = sealing
  const chain = readChain(fields)
  if (chain.ended) return unsealed('its chain has failed before')
  if (chain.highest >= MAX_INSTANCE) return unsealed(`its chain has ${MAX_INSTANCE} sets`)
  const instance = chain.highest + 1
  const { algorithm, domain, selector } = key
  const tags: SetTags = { algorithm, domain, selector, instance, time: Math.floor(options.now / 1000) }
  const results = resultsField(instance, options.authservId, options.results)
  const message = messageSignature(tags, { names, bodyHash })
  const octets = signedOctets(fields, names, { raw: emptyField(message), form: 'relaxed' })
  const signature = filledField(message, await signOctets(key, octets))
  const cv = instance === 1 ? 'none' : chain.sealed && chainPassed(options.results) ? 'pass' : 'fail'
  const own = seal(tags, cv)
  // A failed chain is sealed as if there were no other set (5.1.2).
  const covered = [...(cv === 'fail' ? [] : (chain.sealed ?? [])), results, signature]
  const text = `${covered.map((raw) => canonicalField(raw, 'relaxed')).join('')}${canonicalField(emptyField(own), 'relaxed').slice(0, -2)}`
  const sealField = filledField(own, await signOctets(key, Buffer.from(text, 'latin1')))
  return {
    kind: 'sealed',
    fields: Buffer.from(`${sealField}${signature}${results}`, 'latin1'),
    instance,
    selector,
    domain,
  }
}

function namesOf(fields: readonly HeaderField[]): readonly string[] {
  // The signatures of others are covered, so that a receiver can see that they are unchanged (4.1.2).
  const signatures = fields.filter((field) => field.name === 'dkim-signature').map((field) => field.name)
  return [...signedFieldNames(fields), ...signatures]
}

function chainPassed(results: readonly string[]): boolean {
  return results.some((value) => {
    const parsed = parseResults(value)
    return parsed.kind === 'results' && parsed.results.some((one) => one.method === 'arc' && one.result === 'pass')
  })
}

function unsealed(reason: string): SealResult {
  return { kind: 'unsealed', reason }
}
