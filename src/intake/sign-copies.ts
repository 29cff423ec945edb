// The signature of an accepted mail, if its origin earned one: a From: of ours that came from strangers stays unsigned, or this node
// would launder forgeries of our own domain.

import type { Signer, SignResult } from '../dkim/signer.ts'
import type { Content } from '../message/content.ts'
import { readAuthors } from '../message/from.ts'
import { fieldsNamed, readFields } from '../message/header.ts'
import type { Field } from '../message/header.ts'
import { readSignatureTags } from '../message/signature-tags.ts'
import type { Event } from '../observe/events.ts'
import type { Mail } from '../policy/check.ts'
import { domainOf } from '../smtp/mailbox.ts'
import { authorProven } from '../smtp/origin.ts'
import type { Origin } from '../smtp/origin.ts'

export interface Signing {
  /** DKIM-Signature fields to put on top; empty if unsigned. */
  readonly fields: Buffer
  readonly events: readonly Event[]
}

const nothing = Buffer.alloc(0)

export async function signEarned(
  policy: 'never' | 'proven-origin',
  signer: Signer,
  subject: { readonly origin: Origin; readonly content: Content; readonly mail: Pick<Mail, 'at' | 'queueId'> },
): Promise<Signing> {
  if (policy === 'never') return { fields: nothing, events: [] }
  const { mail } = subject
  const fields = readFields(subject.content.header)
  const authors = readAuthors(fields)
  const domain = singleDomain(authors.addresses)
  if (authors.problems.length > 0 || domain === null) return unsigned(mail, 'From: names no single domain')
  if (!signer.signsFor(domain)) return unsigned(mail, `no key for ${domain}`)
  if (!authorProven(subject.origin))
    return unsigned(mail, `From: ${domain} is not proven: ${describeOrigin(subject.origin)}`)
  if (carriesSignature(fields, domain, signer)) return unsigned(mail, `already signed for ${domain}`)
  const result = await signer.sign(subject.content, { fromDomain: domain, now: mail.at })
  return result.kind === 'unsigned' ? unsigned(mail, result.reason) : signed(mail, result)
}

/** The signature of what we wrote ourselves: a copy whose From: is ours now, whatever signatures it carries. */
export async function signOwn(
  signer: Signer,
  subject: { readonly domain: string; readonly content: Content; readonly mail: Pick<Mail, 'at' | 'queueId'> },
): Promise<Signing> {
  const { domain, content, mail } = subject
  const result = await signer.sign(content, { fromDomain: domain, now: mail.at })
  return result.kind === 'unsigned' ? unsigned(mail, result.reason) : signed(mail, result)
}

/** No signature, and why. */
export function unsigned({ at, queueId }: Pick<Mail, 'at' | 'queueId'>, reason: string): Signing {
  return { fields: nothing, events: [{ kind: 'unsigned', at, queueId, reason }] }
}

function signed({ at, queueId }: Pick<Mail, 'at' | 'queueId'>, result: SignResult & { kind: 'signed' }): Signing {
  return { fields: result.fields, events: result.signatures.map((one) => ({ kind: 'signed', at, queueId, ...one })) }
}

/**
 * A mail that another node of ours has signed is not signed again: two signatures of one domain help nobody and confuse reports. One by a
 * key that is at hand is left to the signer, who sees whether it holds: a list server breaks it when it adds a line to the body.
 */
function carriesSignature(fields: readonly Field[], domain: string, signer: Signer): boolean {
  return fieldsNamed(fields, 'dkim-signature').some((field) => {
    const tags = readSignatureTags(field.value)
    return tags.get('d')?.toLowerCase() === domain && !signer.hasKey(domain, tags.get('s') ?? '')
  })
}

function singleDomain(addresses: readonly string[]): string | null {
  const domains = new Set(addresses.map((address) => domainOf(address).toLowerCase()))
  return domains.size === 1 ? ([...domains][0] as string) : null
}

function describeOrigin(origin: Origin): string {
  return origin.kind === 'peer'
    ? `the ${origin.role} node vouches for ${origin.vouched}`
    : `it came from the ${origin.kind}`
}
