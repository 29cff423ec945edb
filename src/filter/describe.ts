// Turns what the verifiers found into our Authentication and its Authentication-Results text (RFC 8601 2.7).

import type { ARCResult, DKIMVerifyResult, SPFResult } from 'mailauth'
import type { Authentication, AuthenticationRequest, AuthResult } from './authentication.ts'
import type { DmarcFinding } from './dmarc.ts'
import type { CappedHeader } from './input-caps.ts'
import { type MethodOutcome, resultsText } from './results-text.ts'

export interface Findings {
  readonly capped: CappedHeader
  /** Null where time ran out or the code failed. */
  readonly spf: SPFResult | null
  readonly signatures: DKIMVerifyResult | null
  readonly arc: ARCResult | null
  readonly dmarc: DmarcFinding
}

/** Puts the parts together. */
export function describeFindings(request: AuthenticationRequest, findings: Findings): Authentication {
  const spfPart = describeSpf(request, findings.spf)
  const dkim = describeDkim(findings)
  const dmarc = describeDmarc(findings.dmarc)
  const arcResult = describeArc(findings)
  const outcomes = [spfPart.outcome, ...dkim.outcomes, dmarc.outcome]
  if (arcResult !== 'none') {
    const properties = [['smtp.remote-ip', request.remoteIp]] as const
    outcomes.push({ method: 'arc', result: arcResult, reason: findings.capped.arcSkipped, properties })
  }
  return {
    spf: spfPart.finding,
    dkim: dkim.findings,
    dmarc: dmarc.finding,
    arc: { result: arcResult },
    results: resultsText(request.authservId, outcomes),
  }
}

function describeSpf(request: AuthenticationRequest, found: SPFResult | null) {
  const result = (found?.status.result ?? 'temperror') as AuthResult
  const identity = request.sender === null ? ['smtp.helo', request.helo] : ['smtp.mailfrom', request.sender]
  const outcome: MethodOutcome = { method: 'spf', result, properties: [identity as [string, string]] }
  return { finding: { result, domain: found?.domain ?? null, explanation: found?.explanation ?? null }, outcome }
}

type DkimFinding = Authentication['dkim'][number]

function describeDkim(findings: Findings): { findings: readonly DkimFinding[]; outcomes: readonly MethodOutcome[] } {
  const { capped, signatures, dmarc } = findings
  if (capped.dkimSkipped !== null || signatures === null) {
    const result = signatures === null ? 'temperror' : 'policy'
    const comment = capped.dkimSkipped ?? 'time is up'
    const finding: DkimFinding = { result, domain: '', selector: '', aligned: false, comment }
    return { findings: [finding], outcomes: [{ method: 'dkim', result, reason: comment, properties: [] }] }
  }
  const described = signatures.results.map((row) => {
    const comment = row.status.comment ?? null
    const domain = row.signingDomain ?? ''
    const finding: DkimFinding = {
      result: dkimResult(row.status.result as AuthResult, comment),
      domain,
      selector: row.selector ?? '',
      aligned:
        dmarc.kind === 'evaluated' ? dmarc.alignedSigners.has(domain.toLowerCase()) : Boolean(row.status.aligned),
      comment,
    }
    return { finding, outcome: dkimOutcome(finding, row) }
  })
  if (described.length === 0) return { findings: [], outcomes: [{ method: 'dkim', result: 'none', properties: [] }] }
  return { findings: described.map((one) => one.finding), outcomes: described.map((one) => one.outcome) }
}

/** RFC 8601 2.7.1: a body that does not fit its hash is a failed verification; mailauth says neutral. */
function dkimResult(result: AuthResult, comment: string | null): AuthResult {
  return comment === 'body hash did not verify' ? 'fail' : result
}

function dkimOutcome(finding: DkimFinding, row: DKIMVerifyResult['results'][number]): MethodOutcome {
  const properties: [string, string][] = [
    ['header.d', finding.domain],
    ['header.s', finding.selector],
  ]
  if (row.algo) properties.push(['header.a', String(row.algo)])
  // RFC 6008: enough of b= to tell signatures of one domain apart.
  if (row.signature) properties.push(['header.b', String(row.signature).replace(/\s+/g, '').slice(0, 8)])
  const reason = finding.result === 'pass' ? null : finding.comment
  return { method: 'dkim', result: finding.result, reason, properties: properties.filter(([, value]) => value !== '') }
}

function describeDmarc(found: DmarcFinding): { finding: Authentication['dmarc']; outcome: MethodOutcome } {
  if (found.kind !== 'evaluated') {
    const result = found.kind === 'unavailable' ? 'temperror' : 'permerror'
    return {
      finding: { result, domain: null, policy: null, spfAligned: false, dkimAligned: false, policyDomain: null },
      outcome: { method: 'dmarc', result, reason: found.reason, properties: [] },
    }
  }
  const { result, domain, policy, policyDomain, spfAligned, alignedSigners } = found
  const properties: [string, string][] = [['header.from', domain]]
  if (policy !== null) properties.push(['policy.dmarc', policy])
  return {
    finding: { result, domain, policy, policyDomain, spfAligned, dkimAligned: alignedSigners.size > 0 },
    outcome: { method: 'dmarc', result, properties },
  }
}

function describeArc(findings: Findings): AuthResult {
  if (findings.capped.arcSkipped !== null) return findings.capped.dkimSkipped === null ? 'fail' : 'none'
  return findings.arc === null ? 'temperror' : (findings.arc.status.result as AuthResult)
}
