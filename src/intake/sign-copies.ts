// Signs a message if its origin proves the author. Mail with a From: of ours from the internet stays unsigned, so that the node never signs
// a forgery of our domain.

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
  /** DKIM-Signature fields to add on top; empty if unsigned. */
  readonly fields: Buffer
  readonly events: readonly Event[]
}

const nothing = Buffer.alloc(0)

/** Signs for the domain of From:, unless the origin does not prove it or the message has a signature of another fleet node. */
export async function signIfProven(
  policy: 'never' | 'proven-origin',
  signer: Signer,
  subject: { readonly origin: Origin; readonly content: Content; readonly mail: Pick<Mail, 'at' | 'queueId'> },
): Promise<Signing> {
  if (policy === 'never') return { fields: nothing, events: [] }
  const { mail } = subject
  const fields = readFields(subject.content.header)
  const authors = readAuthors(fields)
  const domain = singleDomain(authors.addresses)
  if (authors.problems.length > 0 || domain === null)
    return unsigned(mail, 'From: has no address or addresses of several domains')
  if (!signer.signsFor(domain)) return unsigned(mail, `no key for ${domain}`)
  if (!authorProven(subject.origin))
    return unsigned(mail, `the origin does not prove an author of ${domain}: ${describeOrigin(subject.origin)}`)
  if (hasSignatureOfOtherNode(fields, domain, signer)) return unsigned(mail, `already signed for ${domain}`)
  const result = await signer.sign(subject.content, { fromDomain: domain, now: mail.at })
  return result.kind === 'unsigned' ? unsigned(mail, result.reason) : signed(mail, result)
}

/** Signs a copy whose From: this node has replaced. */
export async function signAsForwarder(
  signer: Signer,
  subject: { readonly domain: string; readonly content: Content; readonly mail: Pick<Mail, 'at' | 'queueId'> },
): Promise<Signing> {
  const { domain, content, mail } = subject
  const result = await signer.sign(content, { fromDomain: domain, now: mail.at })
  return result.kind === 'unsigned' ? unsigned(mail, result.reason) : signed(mail, result)
}

/** No signature, with the reason for the ledger. */
export function unsigned({ at, queueId }: Pick<Mail, 'at' | 'queueId'>, reason: string): Signing {
  return { fields: nothing, events: [{ kind: 'unsigned', at, queueId, reason }] }
}

function signed({ at, queueId }: Pick<Mail, 'at' | 'queueId'>, result: SignResult & { kind: 'signed' }): Signing {
  return { fields: result.fields, events: result.signatures.map((one) => ({ kind: 'signed', at, queueId, ...one })) }
}

/**
 * Mail that another fleet node has signed is not signed again: a second signature of the same domain has no use and confuses DMARC reports.
 * A signature by one of this node's keys does not count: the signer checks it, because a list server may have broken it.
 */
function hasSignatureOfOtherNode(fields: readonly Field[], domain: string, signer: Signer): boolean {
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
    ? `peer ${origin.role} vouches for ${origin.vouched}`
    : `it came from ${origin.kind === 'internet' ? 'the internet' : origin.kind}`
}
