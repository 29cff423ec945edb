// DMARC (RFC 9989) of a message from its SPF and DKIM findings, evaluated by mailauth's tree walk for each author domain that mail programs
// may show (message/shown-authors.ts).

import { evaluateDmarc } from 'mailauth/lib/dmarc/index.js'
import type { DKIMVerifyResult, SPFResult } from 'mailauth'
import type { ShownAuthors } from '../message/shown-authors.ts'
import type { AuthorFinding } from './authentication.ts'
import { isOurs, type MailauthResolver } from './mailauth-adapter.ts'

/** Author domains that are evaluated; each costs up to eight queries (RFC 9989 4.10). Real messages have one. */
const MAX_AUTHOR_DOMAINS = 4

export interface EvaluatedAuthor extends AuthorFinding {
  /** Signing domains in lower case whose signatures pass and align. */
  readonly alignedSigners: ReadonlySet<string>
}

export type DmarcFinding =
  | { readonly kind: 'evaluated'; readonly author: EvaluatedAuthor; readonly problem: string | null }
  /** More than one author domain (RFC 9989 5.3.1): suspicious (11.5). */
  | { readonly kind: 'several'; readonly authors: readonly EvaluatedAuthor[]; readonly reason: string }
  | { readonly kind: 'no-author'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string }

interface Evidence {
  readonly spf: SPFResult | null
  readonly signatures: DKIMVerifyResult
  readonly resolver: MailauthResolver
}

/** Evaluates DMARC. `signatures` is null if they were not verified in time. */
export async function evaluateDmarcPolicy(input: {
  readonly shown: ShownAuthors
  readonly spf: SPFResult | null
  readonly signatures: DKIMVerifyResult | null
  readonly resolver: MailauthResolver
}): Promise<DmarcFinding> {
  const { shown, spf, signatures, resolver } = input
  if (signatures === null) return { kind: 'unavailable', reason: 'signatures could not be checked' }
  const evidence = { spf, signatures, resolver }
  const [first, ...others] = shown.domains
  if (first === undefined) return { kind: 'no-author', reason: shown.problem ?? 'no author domain' }
  if (others.length === 0)
    return { kind: 'evaluated', author: await evaluateAuthor(first, evidence), problem: shown.problem }
  const evaluated = await Promise.all(
    shown.domains.slice(0, MAX_AUTHOR_DOMAINS).map((domain) => evaluateAuthor(domain, evidence)),
  )
  const left = shown.domains.slice(MAX_AUTHOR_DOMAINS).map((domain) => ({ ...unevaluated, domain }))
  return { kind: 'several', authors: [...evaluated, ...left], reason: shown.problem ?? 'several author domains' }
}

const unevaluated = {
  result: 'permerror',
  organizationalDomain: null,
  policy: null,
  policyDomain: null,
  spfAligned: false,
  strictSpf: false,
  alignedSigners: new Set<string>(),
} as const

async function evaluateAuthor(authorDomain: string, evidence: Evidence): Promise<EvaluatedAuthor> {
  const { spf, signatures } = evidence
  let ours = false
  const resolver: MailauthResolver = (name, type) =>
    evidence.resolver(name, type).catch((error: unknown) => {
      ours ||= isOurs(error)
      throw error
    })
  const headerFrom = [`author@${authorDomain}`]
  const passing = signatures.results.filter((row) => row.status.result === 'pass')
  const { response, dkimAligned } = await evaluateDmarc({
    headerFrom,
    spfDomains: spf?.status.result === 'pass' ? [spf.domain] : [],
    dkimDomains: passing.map((row) => ({
      domain: row.signingDomain ?? '',
      ...(row.status.underSized === undefined ? {} : { underSized: row.status.underSized }),
    })),
    resolver,
    strict: true,
  })
  if (response === false) return { ...unevaluated, domain: authorDomain }
  let result = response.status.result as 'pass' | 'fail' | 'none' | 'temperror'
  if (result === 'fail' && (await mightPass(headerFrom, evidence))) result = 'temperror'
  const known = (response.policy ?? null) as AuthorFinding['policy']
  const policy = result === 'pass' || result === 'fail' ? known : null
  const domain = String(response.status.header?.from ?? authorDomain)
  // An identifier of the author domain itself aligns under every policy (4.4).
  const identifiers = [spf?.status.result === 'pass' ? spf.domain : null, ...passing.map((row) => row.signingDomain)]
  const isProven = identifiers.some((one) => one?.toLowerCase() === domain.toLowerCase())
  const undecided = { policy: strictest(response.np, known), ours }
  return {
    result,
    domain,
    organizationalDomain: response.domain ?? null,
    policy,
    policyDomain: policy === null ? null : (response.policyDomain ?? null),
    spfAligned: Boolean(response.alignment?.spf.result),
    strictSpf: Boolean(response.alignment?.spf.strict),
    alignedSigners: new Set(dkimAligned ?? []),
    ...(result === 'temperror' && !isProven && { undecided }),
  }
}

/** mailauth assumes the weaker one if it does not know whether `np` applies (4.7). A forger must not gain by that. */
function strictest(np: string | undefined, known: AuthorFinding['policy']): AuthorFinding['policy'] {
  return np === 'reject' && known !== null ? 'reject' : known
}

/**
 * True if an undecided identifier (temperror) aligns and so may pass later. Undecided identifiers that do not align change nothing:
 * otherwise a forger could evade the author's policy with a domain whose DNS is broken.
 */
async function mightPass(headerFrom: readonly string[], { spf, signatures, resolver }: Evidence): Promise<boolean> {
  const undecided = signatures.results.filter((row) => row.status.result === 'temperror')
  const spfDomains = spf?.status.result === 'temperror' ? [spf.domain] : []
  if (undecided.length === 0 && spfDomains.length === 0) return false
  const { response } = await evaluateDmarc({
    headerFrom: [...headerFrom],
    spfDomains,
    dkimDomains: undecided.map((row) => ({ domain: row.signingDomain ?? '' })),
    resolver,
    strict: true,
  })
  return response !== false && response.status.result !== 'fail'
}
