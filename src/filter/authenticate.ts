// SPF, DKIM, ARC and DMARC of one message with mailauth, behind caps and a time budget. Findings only; policy draws conclusions.
// What mailauth leaves lenient on purpose stays so, with the exceptions of docs/authentication.md.

import { Readable } from 'node:stream'
import { arc, dkimVerify, spf } from 'mailauth'
import type { ARCData, ARCResult, DKIMVerifyResult, SPFResult } from 'mailauth'
import type { Resolver } from '../dns/resolver.ts'
import type { Content } from '../message/content.ts'
import type { Authentication, AuthenticationRequest, Authenticator, AuthResult } from './authentication.ts'
import { type DmarcFinding, evaluateDmarcPolicy } from './dmarc.ts'
import { type CappedHeader, capHeader } from './input-caps.ts'
import { createMailauthResolver, type MailauthResolver } from './mailauth-adapter.ts'
import { type MethodOutcome, resultsText } from './results-text.ts'

export interface AuthenticatorSettings {
  readonly resolver: Resolver
  /** For everything together; what is not done by then is temperror. */
  readonly budgetMs?: number
}

/** RFC 7208 4.6.4 suggests at least 20 s for SPF; the client waits meanwhile, so all of it gets no more. */
export const DEFAULT_BUDGET_MS = 20_000
/** The share of SPF, whose look-ups come one after the other in the sender's DNS: the author's DMARC record needs the rest. */
const SPF_SHARE = 0.6
/** The share of one look-up, for the same reason. */
const LOOKUP_SHARE = 0.25

/** An authenticator over our DNS. */
export function createAuthenticator(settings: AuthenticatorSettings): Authenticator {
  const budgetMs = settings.budgetMs ?? DEFAULT_BUDGET_MS
  const answer = createMailauthResolver(settings.resolver)
  return {
    async authenticate(request) {
      const deadline = startDeadline(budgetMs)
      const resolver = limitLookups(answer, { deadline, limitMs: budgetMs * LOOKUP_SHARE })
      try {
        return await authenticateWithin(request, { resolver, deadline, budgetMs })
      } finally {
        deadline.clear()
      }
    },
  }
}

interface Means {
  readonly resolver: MailauthResolver
  readonly deadline: Deadline
  readonly budgetMs: number
}

async function authenticateWithin(request: AuthenticationRequest, means: Means): Promise<Authentication> {
  const capped = capHeader(request.content.header)
  const [spfResult, verified] = await Promise.all([
    means.deadline.limit(checkSpf(request, means)),
    means.deadline.limit(verifySignatures(request, capped, means)),
  ])
  const signatures = verified?.signatures ?? null
  const policy = await means.deadline.limit(
    evaluateDmarcPolicy({ spf: spfResult, signatures, resolver: means.resolver }),
  )
  const dmarc = policy ?? { kind: 'unavailable' as const, reason: 'time is up' }
  return compose(request, { capped, spf: spfResult, signatures, arc: verified?.chain ?? null, dmarc })
}

function checkSpf(request: AuthenticationRequest, means: Means): Promise<SPFResult> {
  return spf({
    sender: request.sender ?? '',
    ip: request.remoteIp,
    helo: request.helo,
    mta: request.authservId,
    resolver: means.resolver,
    maxElapsedTime: means.budgetMs * SPF_SHARE,
    // The RFC's own rules: lenient SPF accepts records with syntax errors in them.
    strict: true,
  } as Parameters<typeof spf>[0])
}

interface Verified {
  readonly signatures: DKIMVerifyResult
  readonly chain: ARCResult
}

async function verifySignatures(request: AuthenticationRequest, capped: CappedHeader, means: Means): Promise<Verified> {
  const { resolver } = means
  prefetchKeys(capped.header, resolver)
  const signatures = await dkimVerify(wholeMessage(capped.header, request.content), {
    resolver,
    sender: request.sender ?? '',
    rejectRsaSha1: true,
    curTime: request.now,
  })
  const chain = await arc((signatures.arc ?? { chain: false }) as ARCData, { resolver })
  return { signatures, chain }
}

/** Asks for all keys at once: mailauth verifies one signature after the other, and ten slow domains would use up the time. */
function prefetchKeys(header: Buffer, resolver: MailauthResolver): void {
  for (const signature of header.toString('latin1').matchAll(/^DKIM-Signature[ \t]*:(?:.|\r?\n[ \t])*/gim)) {
    const selector = tag(signature[0], 's')
    const domain = tag(signature[0], 'd')
    if (selector && domain) resolver(`${selector}._domainkey.${domain}`, 'TXT').catch(() => {})
  }
}

function tag(field: string, name: string): string | undefined {
  return new RegExp(`[:;]\\s*${name}\\s*=\\s*([^;\\s]+)`).exec(field)?.[1]
}

/** Each name asked once per message, each look-up with its own limit, nothing after the deadline: mailauth then ends by itself. */
function limitLookups(
  answer: MailauthResolver,
  options: { readonly deadline: Deadline; readonly limitMs: number },
): MailauthResolver {
  const asked = new Map<string, ReturnType<MailauthResolver>>()
  const late = (): Error => Object.assign(new Error('time is up'), { code: 'ETIMEOUT' })
  return (name, type) => {
    if (options.deadline.passed()) return Promise.reject(late())
    const key = `${type} ${name.toLowerCase()}`
    const known = asked.get(key)
    if (known) return known
    const limited = new Promise<Awaited<ReturnType<MailauthResolver>>>((resolve, reject) => {
      const timer = setTimeout(() => reject(late()), options.limitMs)
      answer(name, type)
        .then(resolve, reject)
        .finally(() => clearTimeout(timer))
    })
    asked.set(key, limited)
    return limited
  }
}

/** Header and body as one stream; the body is read once and destroyed with it. */
function wholeMessage(header: Buffer, content: Content): Readable {
  return Readable.from(
    (async function* () {
      if (header.length > 0) yield header
      yield* content.openBody()
    })(),
    { objectMode: false },
  )
}

interface Findings {
  readonly capped: CappedHeader
  /** Null where time ran out or the code failed. */
  readonly spf: SPFResult | null
  readonly signatures: DKIMVerifyResult | null
  readonly arc: ARCResult | null
  readonly dmarc: DmarcFinding
}

function compose(request: AuthenticationRequest, findings: Findings): Authentication {
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

interface Deadline {
  /** The promise's value, or null if it failed or time is up first. */
  limit<T>(work: Promise<T>): Promise<T | null>
  passed(): boolean
  clear(): void
}

function startDeadline(ms: number): Deadline {
  let over = false
  let expire: () => void = () => {}
  const expired = new Promise<null>((resolve) => {
    expire = () => {
      over = true
      resolve(null)
    }
  })
  const timer = setTimeout(expire, ms)
  return {
    limit: (work) => Promise.race([work.catch(() => null), expired]),
    passed: () => over,
    clear: () => clearTimeout(timer),
  }
}
