// DMARC (RFC 9989) of a message from its SPF and DKIM findings, evaluated by mailauth's tree walk.

import { evaluateDmarc } from 'mailauth/lib/dmarc/index.js'
import type { DKIMVerifyResult, SPFResult } from 'mailauth'
import type { Authentication } from './authentication.ts'
import type { MailauthResolver } from './mailauth-adapter.ts'

type Policy = Authentication['dmarc']['policy']

export type DmarcFinding =
  | {
      readonly kind: 'evaluated'
      readonly result: 'pass' | 'fail' | 'none' | 'temperror' | 'permerror'
      /** The author domain. */
      readonly domain: string
      /** Of the author domain, by the tree walk (4.10); null if the walk finds none. */
      readonly organizationalDomain: string | null
      /** The policy of the domain owner, after sp, np and t; null without a record. */
      readonly policy: Policy
      /** The domain of the record. */
      readonly policyDomain: string | null
      readonly spfAligned: boolean
      /** Signing domains in lower case whose signatures pass and align. */
      readonly alignedSigners: ReadonlySet<string>
    }
  /** From: has no author domain, or more than one (RFC 9989 5.3.1): suspicious (11.5). */
  | { readonly kind: 'no-author'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string }

/** Evaluates DMARC. `signatures` is null if they were not verified in time. */
export async function evaluateDmarcPolicy(input: {
  readonly spf: SPFResult | null
  readonly signatures: DKIMVerifyResult | null
  readonly resolver: MailauthResolver
}): Promise<DmarcFinding> {
  const { spf, signatures, resolver } = input
  if (signatures === null) return { kind: 'unavailable', reason: 'signatures could not be checked' }
  const passing = signatures.results.filter((row) => row.status.result === 'pass')
  const { response, dkimAligned, reason } = await evaluateDmarc({
    headerFrom: signatures.headerFrom,
    fromFields: signatures.fromFields,
    spfDomains: spf?.status.result === 'pass' ? [spf.domain] : [],
    dkimDomains: passing.map((row) => ({
      domain: row.signingDomain ?? '',
      ...(row.status.underSized === undefined ? {} : { underSized: row.status.underSized }),
    })),
    resolver,
    strict: true,
  })
  if (response === false) return { kind: 'no-author', reason: reason ?? 'no author domain' }
  let result = response.status.result as 'pass' | 'fail' | 'none' | 'temperror'
  if (result === 'fail' && (await mightPass(input))) result = 'temperror'
  const policy = result === 'pass' || result === 'fail' ? ((response.policy ?? null) as Policy) : null
  return {
    kind: 'evaluated',
    result,
    domain: String(response.status.header?.from ?? response.domain),
    organizationalDomain: response.domain ?? null,
    policy,
    policyDomain: policy === null ? null : (response.policyDomain ?? null),
    spfAligned: Boolean(response.alignment?.spf.result),
    alignedSigners: new Set(dkimAligned ?? []),
  }
}

/**
 * True if an undecided identifier (temperror) aligns and so may pass later. Undecided identifiers that do not align change nothing:
 * otherwise a forger could evade the author's policy with a domain whose DNS is broken.
 */
async function mightPass(input: {
  readonly spf: SPFResult | null
  readonly signatures: DKIMVerifyResult | null
  readonly resolver: MailauthResolver
}): Promise<boolean> {
  const { spf, signatures, resolver } = input
  const undecided = signatures?.results.filter((row) => row.status.result === 'temperror') ?? []
  const spfDomains = spf?.status.result === 'temperror' ? [spf.domain] : []
  if (undecided.length === 0 && spfDomains.length === 0) return false
  const { response } = await evaluateDmarc({
    headerFrom: signatures?.headerFrom ?? [],
    ...(signatures ? { fromFields: signatures.fromFields } : {}),
    spfDomains,
    dkimDomains: undecided.map((row) => ({ domain: row.signingDomain ?? '' })),
    resolver,
    strict: true,
  })
  return response !== false && response.status.result !== 'fail'
}
