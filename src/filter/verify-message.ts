// SPF, DKIM, ARC and DMARC of one message with mailauth in its strict mode, within size limits and a time budget. The result is a finding;
// policy decides. The modules of mailauth are imported one by one, because the whole package loads an HTTP client and BIMI, 16 MiB that no
// node uses.

import { Readable } from 'node:stream'
import { arc } from 'mailauth/lib/arc/index.js'
import type { ARCData, ARCResult, DKIMVerifyResult } from 'mailauth'
import type { Resolver } from '../dns/resolver.ts'
import type { Clock } from '../lib/clock.ts'
import { type Field, readFields } from '../message/header.ts'
import { readShownAuthors } from '../message/shown-authors.ts'
import type { Authentication, AuthenticationRequest, Authenticator } from './authentication.ts'
import { type Deadline, startDeadline } from './verification-deadline.ts'
import { describeFindings } from './describe-results.ts'
import { evaluateDmarcPolicy } from './dmarc.ts'
import { capHeader, capMessage } from './input-caps.ts'
import { createKeyJudge, type LimitedKeys, limitKeys } from './key-limits.ts'
import { createKeyMemory, keysOf, type MailauthKeyCache } from './key-memory.ts'
import { createMailauthResolver, type MailauthResolver } from './mailauth-adapter.ts'
import { createKeyResolver, createMessageResolver, prefetchKeys } from './message-resolver.ts'
import { applySignatureRules } from './signature-rules.ts'
import { checkSpf } from './spf.ts'
import { verifyContent, type VerifyContent } from './signature-verifier.ts'

export interface AuthenticatorSettings {
  readonly resolver: Resolver
  readonly clock: Clock
  /** Milliseconds for the whole verification. A part that is not finished by then is temperror. */
  readonly budgetMs?: number
  /** Tests pass mailauth's own verifier, to compare. */
  readonly verify?: VerifyContent
}

/** RFC 7208 4.6.4 suggests at least 20 s for SPF. The client waits during the verification, so the whole gets no more. */
const DEFAULT_BUDGET_MS = 20_000
/** The share of SPF, whose look-ups are sequential in the sender's DNS. The author's DMARC record needs the rest. */
const SPF_SHARE = 0.6
/** The share of one look-up, for the same reason. */
const LOOKUP_SHARE = 0.25
/** The share of the look-up of a key that was not prefetched. Ten of them must leave time for the author's policy. */
const LATE_SHARE = 0.02

/** Creates an authenticator that uses the given resolver. */
export function createAuthenticator(settings: AuthenticatorSettings): Authenticator {
  const budgetMs = settings.budgetMs ?? DEFAULT_BUDGET_MS
  const { clock, verify = verifyContent } = settings
  const answer = createMailauthResolver(settings.resolver)
  const judge = createKeyJudge()
  const memory = createKeyMemory()
  return {
    async authenticate(request) {
      const deadline = startDeadline(clock, budgetMs, request.closed)
      const window = startDeadline(clock, budgetMs * LOOKUP_SHARE)
      const limitMs = budgetMs * LOOKUP_SHARE
      const resolver = createMessageResolver(answer, { clock, deadline, limitMs, client: request.remoteIp })
      const keys = limitKeys(createKeyResolver(resolver, { clock, window, lateMs: budgetMs * LATE_SHARE }), judge)
      try {
        const cached = keysOf(memory, keys.resolver)
        return await authenticateWithin(request, { resolver, keys, cached, verify, deadline, budgetMs })
      } finally {
        window.clear()
        deadline.clear()
      }
    },
  }
}

interface Means {
  readonly resolver: MailauthResolver
  /** For the keys of signatures. */
  readonly keys: LimitedKeys
  /** The same keys as mailauth reads them. */
  readonly cached: MailauthKeyCache
  readonly verify: VerifyContent
  readonly deadline: Deadline
  readonly budgetMs: number
}

async function authenticateWithin(request: AuthenticationRequest, means: Means): Promise<Authentication> {
  const [spfResult, { capped, signatures }] = await Promise.all([
    means.deadline.limit(checkSpf(request, { resolver: means.resolver, limitMs: means.budgetMs * SPF_SHARE })),
    verifyCapped(request, means),
  ])
  const shown = readShownAuthors(readFields(request.content.header))
  // In parallel, so that a malformed ARC set cannot affect the author's policy.
  const [policy, chain] = await Promise.all([
    means.deadline.limit(evaluateDmarcPolicy({ shown, spf: spfResult, signatures, resolver: means.resolver })),
    means.deadline.limit(validateChain(signatures, means)),
  ])
  const dmarc = policy ?? { kind: 'unavailable' as const, reason: 'time is up' }
  return describeFindings(request, { capped, spf: spfResult, signatures, arc: chain, dmarc })
}

async function verifyCapped(request: AuthenticationRequest, means: Means) {
  const capped = (await means.deadline.limit(capMessage(request.content))) ?? capHeader(request.content.header)
  return { capped, signatures: await verifySignatures(request, capped.header, means) }
}

async function verifySignatures(
  request: AuthenticationRequest,
  header: Buffer,
  { keys, cached, verify, deadline }: Means,
): Promise<DKIMVerifyResult | null> {
  const fields = readFields(header)
  prefetchKeys(fields, keys.resolver)
  const content = { ...(isSigned(fields) ? request.content : noBody), header }
  const verification = verify(content, { sender: request.sender ?? '', curTime: request.now, keys: cached })
  const verified = await deadline.limit(verification.result)
  // After the deadline the rest of the verification has no reader.
  verification.stop()
  if (verified !== null) verified.results = applySignatureRules(verified, keys.problemOf)
  return verified
}

const noBody = { bodySize: 0, octets: Buffer.alloc(0), openBody: () => Readable.from([]) }

/** The body of a message without a signature is not hashed, so it need not be read. */
function isSigned(fields: readonly Field[]): boolean {
  return fields.some(({ key }) => key === 'dkim-signature' || key === 'arc-message-signature')
}

async function validateChain(signatures: DKIMVerifyResult | null, { keys }: Means): Promise<ARCResult | null> {
  return signatures && arc((signatures.arc ?? { chain: false }) as ARCData, { resolver: keys.resolver, strict: true })
}
