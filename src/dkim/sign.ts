// Signs a message with every active key of the author's domain (RFC 6376 5, RFC 8463), relaxed/relaxed.
// mailauth is not used for the reasons in docs/decisions, "DKIM signing". The caller decides which messages are signed.

import { hashBody } from './canonical-body.ts'
import { type HeaderField, signedOctets, splitFields } from './canonical-header.ts'
import { alreadySigned } from './existing-signature.ts'
import { type DkimKey, signOctets } from './key.ts'
import { createKeyChoice, type KeySettings } from './key-choice.ts'
import { signedField, unsignedField } from './signature-field.ts'
import { signedFieldNames } from './signed-fields.ts'
import type { Signer, SignResult } from './signer.ts'

/** Creates a signer with loaded keys. A reload creates a new one. */
export function createSigner(settings: KeySettings): Signer {
  const keysFor = createKeyChoice(settings)
  return {
    signsFor: (domain) => keysFor(domain).length > 0,
    hasKey: (domain, selector) =>
      keysFor(domain).some((key) => key.domain === domain.toLowerCase() && key.selector === selector),
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
