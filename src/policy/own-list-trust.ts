// Decides whether a matching entry of the allow list is proven. Networks and confirmed host names are: TCP and the DNS prove them. A sender or
// author is text that any client can write, until SPF, DKIM or DMARC passes for its domain (decision 0038).

import type { Authentication, AuthResult } from '../filter/authentication.ts'
import type { ListEntry } from '../route/operator-lists.ts'
import { describeListEntry } from '../route/operator-lists.ts'
import { domainOf } from '../smtp/mailbox.ts'
import type { Trust } from './trust.ts'

export interface TrustFacts {
  /** The forward-confirmed name of the client, and whether it could not be looked up. */
  readonly host: string | null
  readonly isHostUnknown: boolean
  readonly helo: string | null
  readonly sender: string | null
  /** Null before the end of data. */
  readonly proof: {
    /** Null if the message was not verified here. */
    readonly authentication: Authentication | null
    /** The only author domain; null if there is none, several, or one that is not clear. */
    readonly author: string | null
  } | null
}

type Proof = 'proven' | 'pending' | 'undecided' | 'unproven'

/** From what counts most: one proven entry is enough, and a doubt comes before a clear no. */
const order: readonly Trust['kind'][] = ['allowed', 'pending', 'undecided', 'unproven']

/** Null without an entry. */
export function judgeTrust(entries: readonly ListEntry[], facts: TrustFacts): Trust | null {
  const found = entries.flatMap((entry) => trustOf(entry, facts) ?? [])
  return found.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))[0] ?? null
}

function trustOf(entry: ListEntry, facts: TrustFacts): Trust | null {
  const { conditions } = entry
  const text = describeListEntry(entry)
  // The address of a TCP connection, and the name that its DNS confirms, are not forged.
  if (conditions.network || conditions.host) return { kind: 'allowed', entry: text }
  const proofs = [
    ...(conditions.helo ? [heloProof(facts)] : []),
    ...(conditions.sender || conditions.senderDomain ? [senderProof(facts)] : []),
    ...(conditions.fromDomain ? [authorProof(facts)] : []),
  ]
  if (proofs.includes('unproven')) return { kind: 'unproven', entry: text, cause: unproven(entry) }
  if (proofs.includes('undecided')) return { kind: 'undecided', entry: text, cause: 'a look-up in the DNS failed' }
  return { kind: proofs.includes('pending') ? 'pending' : 'allowed', entry: text }
}

function unproven({ conditions }: ListEntry): string {
  if (conditions.helo) return 'the name in EHLO is not the confirmed name of the client'
  return conditions.fromDomain
    ? 'neither DMARC nor DKIM proves the author'
    : 'neither SPF nor DKIM nor DMARC proves the sender'
}

function heloProof({ helo, host, isHostUnknown }: TrustFacts): Proof {
  if (host !== null && helo?.toLowerCase().replace(/\.$/, '') === host.toLowerCase()) return 'proven'
  return host === null && isHostUnknown ? 'undecided' : 'unproven'
}

/** SPF passes for the reverse-path (RFC 7208 2.4), or a signature or author of the same domain or of one above it passes. */
function senderProof({ sender, proof }: TrustFacts): Proof {
  if (proof === null) return 'pending'
  const { authentication } = proof
  if (sender === null || authentication === null) return 'unproven'
  const { spf, dkim, dmarc } = authentication
  const domain = domainOf(sender).toLowerCase()
  const isProven =
    (spf.result === 'pass' && spf.domain?.toLowerCase() === domain) ||
    dkim.some((one) => one.result === 'pass' && isAtOrBelow(domain, one.domain)) ||
    (dmarc.result === 'pass' && dmarc.domain !== null && isAtOrBelow(domain, dmarc.domain))
  if (isProven) return 'proven'
  return openResults(authentication) ? 'undecided' : 'unproven'
}

/** DMARC passes, or, without a policy, a signature of the author's domain or of one above it. SPF alone says nothing about From:. */
function authorProof({ proof }: TrustFacts): Proof {
  if (proof === null) return 'pending'
  const { authentication, author } = proof
  if (author === null || authentication === null) return 'unproven'
  const { dkim, dmarc } = authentication
  if (dmarc.result === 'pass' && dmarc.domain?.toLowerCase() === author) return 'proven'
  if (dmarc.result === 'fail') return 'unproven'
  const isSigned = dkim.some((one) => one.result === 'pass' && isAtOrBelow(author, one.domain))
  if (dmarc.result === 'none' && isSigned) return 'proven'
  return openResults(authentication) ? 'undecided' : 'unproven'
}

function openResults({ spf, dkim, dmarc }: Authentication): boolean {
  const results: readonly AuthResult[] = [spf.result, dmarc.result, ...dkim.map((one) => one.result)]
  return results.includes('temperror')
}

function isAtOrBelow(domain: string, above: string): boolean {
  const parent = above.toLowerCase()
  return domain === parent || domain.endsWith(`.${parent}`)
}
