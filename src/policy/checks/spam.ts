// Turns a spam filter's result into a finding. An action that has no meaning here defers the message, and a missing answer is recorded as
// such, so no message passes unchecked without a trace.

import type { SpamFinding, SpamRequest, SpamScanner } from '../../filter/spam-scan.ts'
import { buildResults } from '../../message/results-field.ts'
import { spamFieldKeys, writeSpamFields } from '../../message/spam-fields.ts'
import { isAuthenticated } from '../../smtp/origin.ts'
import type { Origin } from '../../smtp/origin.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Check, FieldEdit, Finding, Mail } from '../check.ts'
import { formatScore, spamResult, spamResultName } from '../spam-score.ts'
import { type Trust, isAllowed } from '../trust.ts'
import { accept, refuse } from '../verdict.ts'
import type { Verdict } from '../verdict.ts'

export interface SpamSettings {
  readonly scanner: SpamScanner
  readonly authservId: string
  /** Without an answer: accept the message unchecked, or defer it. */
  readonly whenDown: 'accept' | 'defer'
  /** Whether the node greylists on a listener: then the greylist check decides about what rspamd's greylist module would defer. */
  readonly greylists: (listener: string) => boolean
  /** Origins whose mail is scanned. */
  readonly origins: readonly Origin['kind'][]
}

/** The symbol of rspamd's greylist module. */
const GREYLIST_SYMBOL = 'GREYLIST'
/** Where rspamd marks (its conf/actions.conf). The answer of its greylist module hides the action that the score has. */
const RSPAMD_MARK = 6
/** Most symbols that a ledger event lists, the heaviest first. */
const MAX_SYMBOLS = 8
/** Characters of what was seen for one symbol. */
const MAX_DETAIL = 80

/** The time-outs of the scanner end each scan, and `whenDown` decides what they mean: the check needs no shorter deadline. */
export function spamCheck(settings: SpamSettings): Check {
  return {
    name: 'spam',
    message: async (mail) => {
      if (!settings.origins.includes(mail.origin.kind)) return { verdict: accept }
      const scanned = await settings.scanner.scan(requestOf(mail))
      const listener = mail.session?.listener ?? ''
      const result = settings.greylists(listener) ? withoutOwnGreylist(scanned) : scanned
      const verdict = result.kind === 'scanned' ? byTrust(result, mail.trust) : withoutAnswer(settings, result.cause)
      return verdict.kind === 'accept' ? acceptedFinding(settings, mail, result) : { verdict }
    },
  }
}

/** The finding without the decision of rspamd's greylist module: two greylists would make a sender wait twice. */
function withoutOwnGreylist(finding: SpamFinding): SpamFinding {
  if (finding.kind !== 'scanned' || finding.action !== 'soft reject') return finding
  if (!finding.symbols.some(({ name }) => name === GREYLIST_SYMBOL)) return finding
  const action = finding.score >= RSPAMD_MARK ? 'add header' : 'greylist'
  return { ...finding, action, named: action, message: null }
}

/** What the filter is asked about a message. */
export function requestOf({ session, origin, ...mail }: Mail): SpamRequest {
  const user = isAuthenticated(origin) ? origin.identity : null
  const { remoteIp = null, remoteName = null, helo = null } = session ?? {}
  const { queueId, sender, recipients, content, authentication, evidence, at } = mail
  return { queueId, remoteIp, remoteName, helo, sender, recipients, user, content, authentication, evidence, at }
}

type Scanned = SpamFinding & { kind: 'scanned' }

/** The own allow list excludes a refusal by the score, not the mark. A doubt of it makes the refusal temporary. */
function byTrust(finding: Scanned, trust: Trust | undefined): Verdict {
  const verdict = byAction(finding)
  const isByScore = finding.action === 'reject' || finding.action === 'soft reject'
  if (isAllowed(trust) && isByScore) return accept
  if (trust?.kind !== 'undecided' || verdict.kind !== 'reject') return verdict
  return refuse(
    refusal(451, '4.7.1', verdict.reply.text, `${verdict.reply.cause}; ${trust.entry} may apply: ${trust.cause}`),
  )
}

/** As rspamd's milter protocol maps actions (its libserver/milter.c), except that nothing is dropped silently. */
function byAction(finding: Scanned): Verdict {
  const { action, named, message } = finding
  switch (action) {
    case 'no action':
    // Only the greylist check makes a client wait: without it the wait would never end (rspamd issue 3295).
    case 'greylist':
    case 'add header':
    case 'rewrite subject':
    // Accepted, and held.
    case 'quarantine':
      return accept
    case 'reject':
      return refuse(refusal(554, '5.7.1', message ?? 'Spam message rejected', describeFinding(finding)))
    case 'soft reject':
      return refuse(refusal(451, '4.7.1', message ?? 'Try again later', describeFinding(finding)))
    case 'discard':
    case 'other':
      return refuse(
        refusal(
          451,
          '4.7.1',
          'The spam filter cannot judge this message now, please try again later',
          `the spam filter answered "${named}", which has no meaning here: ${describeFinding(finding)}`,
        ),
      )
  }
}

function withoutAnswer({ whenDown }: SpamSettings, cause: string): Verdict {
  if (whenDown === 'accept') return accept
  return refuse(refusal(451, '4.3.0', 'The spam filter does not answer, please try again later', cause))
}

function acceptedFinding({ authservId }: SpamSettings, mail: Mail, finding: SpamFinding): Finding {
  const { at, queueId } = mail
  const detail = finding.kind === 'scanned' ? describeFinding(finding) : finding.cause
  const isHeld = finding.kind === 'scanned' && finding.action === 'quarantine' && !isAllowed(mail.trust)
  const fields =
    finding.kind === 'scanned'
      ? spamFields(finding, markedActions.has(finding.action))
      : { remove: spamFieldKeys, add: Buffer.alloc(0) }
  return {
    verdict: accept,
    ...(isHeld ? { quarantine: `quarantine: ${describeScore(finding)}` } : {}),
    results: buildResults(authservId, [spamResult(finding)]),
    fields,
    ...(finding.kind === 'scanned' && { judged: { action: finding.action, score: finding.score } }),
    events: [{ kind: 'checked', at, queueId, check: 'spam', result: spamResultName(finding), detail }],
  }
}

/** A refusal that the own allow list excluded is a mark. Released mail keeps it. */
const markedActions: ReadonlySet<string> = new Set(['add header', 'rewrite subject', 'quarantine', 'reject'])

/** The fields that say what the filter found, in place of those of others. */
export function spamFields({ score, required }: Scanned, isSpam: boolean): FieldEdit {
  const limit = required === null ? null : formatScore(required)
  return { remove: spamFieldKeys, add: writeSpamFields({ isSpam, score: formatScore(score), required: limit }) }
}

/** `add header, score 7.3 of 15: BAYES_SPAM 5.1, MISSING_DATE 1`; with what was seen in brackets, where it is known. */
export function describeFinding(finding: Scanned): string {
  return `${finding.named}, ${describeScore(finding)}`
}

/** `score 7.3 of 15: BAYES_SPAM 5.1`. */
function describeScore({ score, required, symbols }: Scanned): string {
  const heaviest = symbols
    .slice(0, MAX_SYMBOLS)
    .filter((one) => one.score !== 0)
    .map((one) => `${one.name} ${formatScore(one.score)}${one.detail ? ` (${one.detail.slice(0, MAX_DETAIL)})` : ''}`)
  const threshold = required === null ? '' : ` of ${formatScore(required)}`
  return `score ${formatScore(score)}${threshold}${heaviest.length > 0 ? `: ${heaviest.join(', ')}` : ''}`
}
