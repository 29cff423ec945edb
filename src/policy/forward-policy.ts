// Decides what happens to forwarded mail. Spam at or above the ceiling is refused. A copy that would fail the DMARC check of its
// destination is passed, rewritten, wrapped or refused, as routing data or the configuration say. Only mail whose author was proven here
// gets our own author address: to rewrite or wrap a failed message would launder a forgery.

import { readShownAuthors } from '../message/shown-authors.ts'
import type { ForwardTerms } from '../route/resolution.ts'
import { domainOf } from '../smtp/mailbox.ts'
import { belowTrace, predictDmarc } from './dmarc-prediction.ts'
import type { DmarcPrediction } from './dmarc-prediction.ts'
import { knownResults } from './known-results.ts'
import type { VerifiedMail } from './known-results.ts'
import { isProvenByOrigin } from './own-author.ts'
import { overAllCeilings, overCeiling } from './spam-ceiling.ts'
import type { DefaultCeiling } from './spam-ceiling.ts'
import { readSpamScore } from './spam-score.ts'

export type Treatment = NonNullable<ForwardTerms['action']>['treatment']

export type ForwardedMail = VerifiedMail

export interface ForwardDecision {
  readonly treatment: Treatment
  /** Why a copy is refused: it decides the reply. */
  readonly cause: 'dmarc' | 'spam' | 'own-author' | 'unclear-author'
  /** For the ledger: the prediction, the rule that applies, and why another treatment is not possible. */
  readonly reason: string
}

export interface ForwardJudgement {
  /** Whether the destination's DMARC check passes. Null if the author is ours, because our signature proves it, or not clear. */
  readonly dmarc: {
    readonly prediction: DmarcPrediction
    /** The first address in From:; there may be others of its domain. */
    readonly author: string
  } | null
  /** Why From: names no author whose domain could be checked: none, several, or not readable. Null if it names one. */
  readonly unclear: string | null
  /** For a copy that this node forwards; null if there is nothing to decide. */
  decide(forward: ForwardTerms): ForwardDecision | null
  /** For a copy that the next fleet node forwards: refuses only what that node would refuse for all of its forwards. */
  decideRelayed(forwards: readonly ForwardTerms[]): ForwardDecision | null
}

export interface ForwardPolicy {
  /** Domain of rewritten authors: `ann=stranger.example@` this. */
  readonly domain: string
  /** The forwarder in the display name: `Ann via` this. */
  readonly via: string
  judge(mail: ForwardedMail): ForwardJudgement
}

export interface ForwardPolicySettings {
  readonly authservId: string
  readonly domain: string
  readonly via: string
  /** Where neither the forward nor the domain of the destination has a rule. */
  readonly defaultTreatment: Treatment
  /** The same for the spam score. */
  readonly defaultCeiling: DefaultCeiling
  /** What happens to a message whose author is not clear: no policy applies to it, so it never passes as it is. */
  readonly unclearAuthor: 'wrap' | 'reject'
  readonly isOurs: (domain: string) => boolean
  /** True if the node can sign for the domain now. A rewritten message without a signature would be worth less than the original. */
  readonly signs: (domain: string) => boolean
}

export function createForwardPolicy(settings: ForwardPolicySettings): ForwardPolicy {
  return {
    domain: settings.domain,
    via: settings.via,
    judge: (mail) => {
      const found = findings(settings, mail)
      const score = readSpamScore(found.results)
      // Computed on first use: for mail that another fleet node forwards only the score counts.
      let judged: JudgedAuthor | undefined
      const author = () => (judged ??= judgeAuthor(settings, mail, found))
      const spam = (reason: string): ForwardDecision => ({ treatment: 'reject', cause: 'spam', reason })
      return {
        get dmarc() {
          return author().dmarc
        },
        get unclear() {
          return author().unclear
        },
        decide: (forward) => {
          const over = overCeiling(score, forward, settings.defaultCeiling)
          if (over !== null) return spam(over)
          const { dmarc, unclear, problem } = author()
          if (unclear !== null) return decideUnclear(settings, unclear, forward.action)
          return dmarc && decideByDmarc(settings, { ...dmarc.prediction, problem }, forward.action)
        },
        decideRelayed: (forwards) => {
          const over = overAllCeilings(score, forwards, settings.defaultCeiling)
          return over === null ? null : spam(over)
        },
      }
    },
  }
}

interface JudgedAuthor extends Pick<ForwardJudgement, 'dmarc' | 'unclear'> {
  /** Why the strict reader has doubts about an author that is known all the same. */
  readonly problem: string | null
}

function judgeAuthor(
  settings: ForwardPolicySettings,
  { fields, origin }: ForwardedMail,
  { results, arrived }: ReturnType<typeof findings>,
): JudgedAuthor {
  const nothing: JudgedAuthor = { dmarc: null, unclear: null, problem: null }
  const { addresses, domains, problem } = readShownAuthors(fields)
  const [author] = addresses
  if (author === undefined || domains.length > 1) {
    // An authenticated client may have several addresses; each of them is its own.
    if (isProvenByOrigin(origin)) return nothing
    return { ...nothing, unclear: problem ?? (author === undefined ? 'no author' : 'several author domains') }
  }
  if (settings.isOurs(domainOf(author).toLowerCase())) return nothing
  return { ...nothing, dmarc: { author, prediction: predictDmarc(results, arrived) }, problem }
}

/** A destination reads such a From: in its way, or not at all; a message of ours around it has an author that every program reads. */
function decideUnclear(
  { unclearAuthor }: ForwardPolicySettings,
  problem: string,
  action: ForwardTerms['action'],
): ForwardDecision {
  const isRejected = unclearAuthor === 'reject' || action?.treatment === 'reject'
  const treatment = isRejected ? 'reject' : 'wrap'
  const rule = unclearAuthor === 'reject' || action?.treatment !== 'reject' ? 'configuration' : action.source
  return {
    treatment,
    cause: 'unclear-author',
    reason: `the author is not clear: From: ${problem}; ${treatment} by ${rule}`,
  }
}

/** The results of the node that verified the message and the header as that node received it. */
function findings({ authservId }: ForwardPolicySettings, mail: ForwardedMail) {
  const arrived = mail.origin.kind === 'peer' ? belowTrace(mail.fields) : mail.fields
  return { results: knownResults(authservId, mail), arrived }
}

function decideByDmarc(
  settings: ForwardPolicySettings,
  { predicted, atArrival, reason, problem }: DmarcPrediction & Pick<JudgedAuthor, 'problem'>,
  action: ForwardTerms['action'],
): ForwardDecision {
  const decision = (treatment: Treatment, why: string): ForwardDecision => ({ treatment, cause: 'dmarc', reason: why })
  const prediction = `predicted ${predicted}: ${reason}${problem === null ? '' : `; From: ${problem}`}`
  if (predicted !== 'fail') return decision('pass', prediction)
  // The destination may not be able to apply the policy of an author whom it cannot read.
  if (problem !== null && atArrival === 'fail')
    return { treatment: 'reject', cause: 'unclear-author', reason: `${prediction}; failed DMARC on arrival` }
  const treatment = action?.treatment ?? settings.defaultTreatment
  const rule = `${prediction}; ${treatment} by ${action?.source ?? 'configuration'}`
  if (treatment === 'pass' || treatment === 'reject') return decision(treatment, rule)
  if (atArrival !== 'pass') return decision('pass', `${rule}, not applied: the message failed DMARC on arrival`)
  if (!settings.signs(settings.domain))
    return decision('pass', `${rule}, not applied: no key signs for ${settings.domain}`)
  return decision(treatment, rule)
}
