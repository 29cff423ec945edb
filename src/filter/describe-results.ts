// Converts the results of mailauth to an `Authentication` with its Authentication-Results text (RFC 8601 2.7).

import type { ARCResult, DKIMVerifyResult, SPFResult } from 'mailauth'
import { buildResults, type MethodResult } from '../message/results-field.ts'
import type { Authentication, AuthenticationRequest, AuthResult } from './authentication.ts'
import type { DmarcFinding } from './dmarc.ts'
import type { CappedHeader } from './input-caps.ts'

export interface Findings {
  readonly capped: CappedHeader
  /** Null after a time-out or an error. */
  readonly spf: SPFResult | null
  readonly signatures: DKIMVerifyResult | null
  readonly arc: ARCResult | null
  readonly dmarc: DmarcFinding
}

export function describeFindings(request: AuthenticationRequest, findings: Findings): Authentication {
  const spfPart = describeSpf(request, findings.spf)
  const dkim = describeDkim(findings)
  const dmarc = describeDmarc(findings.dmarc)
  const arcResult = describeArc(findings)
  const outcomes = [spfPart.outcome, ...dkim.outcomes, dmarc.outcome]
  if (arcResult !== 'none') {
    const properties = [{ name: 'smtp.remote-ip', value: request.remoteIp }]
    outcomes.push({ method: 'arc', result: arcResult, ...reasonFor(findings.capped.arcSkipped), properties })
  }
  return {
    spf: spfPart.finding,
    dkim: dkim.findings,
    dmarc: dmarc.finding,
    arc: { result: arcResult },
    results: buildResults(request.authservId, outcomes),
  }
}

function describeSpf(request: AuthenticationRequest, found: SPFResult | null) {
  const result = (found?.status.result ?? 'temperror') as AuthResult
  const properties =
    request.sender === null ? present('smtp.helo', request.helo) : present('smtp.mailfrom', request.sender)
  const outcome: MethodResult = { method: 'spf', result, properties }
  return { finding: { result, domain: found?.domain ?? null, explanation: found?.explanation ?? null }, outcome }
}

type DkimFinding = Authentication['dkim'][number]

function describeDkim(findings: Findings): { findings: readonly DkimFinding[]; outcomes: readonly MethodResult[] } {
  const { capped, signatures, dmarc } = findings
  if (capped.dkimSkipped !== null || signatures === null) {
    const result = signatures === null ? 'temperror' : 'policy'
    const comment = capped.dkimSkipped ?? 'time is up'
    const finding: DkimFinding = { result, domain: '', selector: '', aligned: false, comment }
    return { findings: [finding], outcomes: [{ method: 'dkim', result, ...reasonFor(comment), properties: [] }] }
  }
  // mailauth reports an unsigned message as one result `none`.
  const described = signatures.results
    .filter((row) => row.status.result !== 'none')
    .map((row) => {
      const comment = row.status.comment ?? null
      const domain = row.signingDomain ?? ''
      const result = row.status.result as AuthResult
      // The tree walk of DMARC decides. Without a record, and for failed signatures, mailauth's result by the public suffix list is kept.
      const walked = dmarc.kind === 'evaluated' && dmarc.author.policyDomain !== null && result === 'pass'
      const aligned = walked ? dmarc.author.alignedSigners.has(domain.toLowerCase()) : Boolean(row.status.aligned)
      const finding = { result, domain: cut(domain), selector: cut(row.selector ?? ''), aligned, comment }
      return { finding, outcome: dkimOutcome(finding, row) }
    })
  if (described.length === 0) return { findings: [], outcomes: [{ method: 'dkim', result: 'none', properties: [] }] }
  return { findings: described.map((one) => one.finding), outcomes: described.map((one) => one.outcome) }
}

function dkimOutcome(finding: DkimFinding, row: DKIMVerifyResult['results'][number]): MethodResult {
  // RFC 6008: enough of b= to distinguish signatures of one domain.
  const b = String(row.signature ?? '')
    .replace(/\s+/g, '')
    .slice(0, 8)
  const properties = [
    ...present('header.d', finding.domain),
    ...present('header.s', finding.selector),
    ...present('header.a', String(row.algo ?? '')),
    ...present('header.b', b),
    // The forwarding node needs to know which signatures DMARC counts; only the tree walk finds them.
    ...(finding.result === 'pass' && finding.aligned ? [{ name: 'policy.aligned', value: 'yes' }] : []),
  ]
  const reason = reasonFor(finding.result === 'pass' ? null : finding.comment)
  return { method: 'dkim', result: finding.result, ...reason, properties }
}

function describeDmarc(found: DmarcFinding): { finding: Authentication['dmarc']; outcome: MethodResult } {
  if (found.kind !== 'evaluated') return describeUnevaluated(found)
  const { author, problem } = found
  const { result, domain, policy, policyDomain, spfAligned, strictSpf, alignedSigners } = author
  const organizational = author.organizationalDomain ?? ''
  const properties = [
    ...present('header.from', domain),
    ...present('policy.dmarc', policy ?? ''),
    // The forwarding node must know which of its envelopes would align with an author that is not proven.
    ...(policy !== null && organizational !== domain ? present('policy.org-domain', organizational) : []),
    ...(strictSpf ? [{ name: 'policy.aspf', value: 's' }] : []),
  ]
  return {
    finding: {
      result,
      domain: cut(domain),
      policy,
      policyDomain,
      spfAligned,
      dkimAligned: alignedSigners.size > 0,
      authors: [author],
      problem,
    },
    outcome: { method: 'dmarc', result, ...reasonFor(problem), properties },
  }
}

function describeUnevaluated(found: Exclude<DmarcFinding, { kind: 'evaluated' }>): ReturnType<typeof describeDmarc> {
  const { kind, reason } = found
  const result = kind === 'unavailable' ? 'temperror' : 'permerror'
  const nothing = { domain: null, policy: null, spfAligned: false, dkimAligned: false, policyDomain: null }
  const authors = kind === 'several' ? found.authors : []
  const open = kind === 'unavailable' && { undecided: { policy: null, ours: true } }
  const problem = kind === 'unavailable' ? null : reason
  return {
    finding: { result, ...nothing, severalAuthors: kind === 'several', authors, problem, ...open },
    outcome: { method: 'dmarc', result, reason: cut(reason), properties: [] },
  }
}

function describeArc(findings: Findings): AuthResult {
  if (findings.capped.arcSkipped !== null) return findings.capped.dkimSkipped === null ? 'fail' : 'none'
  return findings.arc === null ? 'temperror' : (findings.arc.status.result as AuthResult)
}

/** Longest value from a sender in the field: an address has at most 320 octets, a line at most 998 (RFC 5322 2.1.1). */
const MAX_VALUE = 320

/** Bounds a name, because names of findings are also written to ledger, log and replies. */
function cut(name: string): string {
  return name.slice(0, MAX_VALUE)
}

/** One property, or none without a value. */
function present(name: string, value: string): MethodResult['properties'] {
  return value === '' ? [] : [{ name, value: cut(value) }]
}

function reasonFor(text: string | null): { reason?: string } {
  return text === null ? {} : { reason: cut(text) }
}
