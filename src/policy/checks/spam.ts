// What follows from a spam filter's finding. Mail of the internet is asked about; who proved himself is not, unless the node is told so.
// Nothing is ever taken in silence: an action that has no meaning here defers, and no answer is written down as none.

import type { SpamFinding, SpamRequest, SpamScanner } from '../../filter/spam-scan.ts'
import { buildResults } from '../../message/results-field.ts'
import { spamFieldKeys, writeSpamFields } from '../../message/spam-fields.ts'
import type { Origin } from '../../smtp/origin.ts'
import { refusal } from '../../smtp/reply.ts'
import type { ContentCheck, Finding, Mail } from '../check.ts'
import { formatScore, spamResult, spamWord } from '../spam-score.ts'
import { accept, refuse } from '../verdict.ts'
import type { Verdict } from '../verdict.ts'

export interface SpamSettings {
  readonly scanner: SpamScanner
  readonly authservId: string
  /** No answer: take the mail unchecked, or let the client come again. */
  readonly whenDown: 'accept' | 'defer'
  /** Whose mail is asked about. */
  readonly origins: readonly Origin['kind'][]
}

/** Symbols that the ledger names: those that made the score. */
const SYMBOLS_TOLD = 8

/** Asks the filter and does what it says. */
export function checkSpam(settings: SpamSettings): ContentCheck {
  return async (mail) => {
    if (!settings.origins.includes(mail.origin.kind)) return { verdict: accept }
    const finding = await settings.scanner.scan(requestOf(mail))
    const verdict = finding.kind === 'scanned' ? byAction(finding) : byAbsence(settings, finding.cause)
    return verdict.kind === 'accept' ? taken(settings, mail, finding) : { verdict }
  }
}

function requestOf({ queueId, session, origin, sender, recipients, content }: Mail): SpamRequest {
  const user = origin.kind === 'user' || origin.kind === 'machine' ? origin.identity : null
  const { remoteIp = null, remoteName = null, helo = null } = session ?? {}
  return { queueId, remoteIp, remoteName, helo, sender, recipients, user, content }
}

type Scanned = SpamFinding & { kind: 'scanned' }

/** rspamd's own map for milters (its libserver/milter.c), but that nothing is held or dropped in silence here. */
function byAction(finding: Scanned): Verdict {
  const { action, named, message } = finding
  switch (action) {
    case 'no action':
    // Its greylist module says "soft reject" when somebody is to wait; the bare threshold means nothing (rspamd issue 3295).
    case 'greylist':
    case 'add header':
    case 'rewrite subject':
      return accept
    case 'reject':
      return refuse(refusal(554, '5.7.1', message ?? 'Spam message rejected', describe(finding)))
    case 'soft reject':
      return refuse(refusal(451, '4.7.1', message ?? 'Try again later', describe(finding)))
    case 'quarantine':
    case 'discard':
    case 'other':
      return refuse(
        refusal(
          451,
          '4.7.1',
          'This message cannot be judged at the moment, please try again later',
          `the spam filter wants "${named}", which has no meaning here: ${describe(finding)}`,
        ),
      )
  }
}

function byAbsence({ whenDown }: SpamSettings, cause: string): Verdict {
  if (whenDown === 'accept') return accept
  return refuse(refusal(451, '4.3.0', 'The spam filter does not answer, please try again later', cause))
}

function taken({ authservId }: SpamSettings, mail: Mail, finding: SpamFinding): Finding {
  const { at, queueId } = mail
  const detail = finding.kind === 'scanned' ? describe(finding) : finding.cause
  const add = finding.kind === 'scanned' ? fieldsOf(finding) : Buffer.alloc(0)
  return {
    verdict: accept,
    results: buildResults(authservId, [spamResult(finding)]),
    fields: { remove: spamFieldKeys, add },
    events: [{ kind: 'checked', at, queueId, check: 'spam', result: spamWord(finding), detail }],
  }
}

function fieldsOf({ action, score, required }: Scanned): Buffer {
  return writeSpamFields({
    isSpam: action === 'add header' || action === 'rewrite subject',
    score: formatScore(score),
    required: required === null ? null : formatScore(required),
  })
}

/** `add header, score 7.3 of 15: BAYES_SPAM 5.1, MISSING_DATE 1`. */
function describe({ named, score, required, symbols }: Scanned): string {
  const told = symbols
    .slice(0, SYMBOLS_TOLD)
    .filter((one) => one.score !== 0)
    .map((one) => `${one.name} ${formatScore(one.score)}`)
  const threshold = required === null ? '' : ` of ${formatScore(required)}`
  return `${named}, score ${formatScore(score)}${threshold}${told.length > 0 ? `: ${told.join(', ')}` : ''}`
}
