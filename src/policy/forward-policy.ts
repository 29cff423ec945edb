// Decides what happens to forwarded mail. Spam at or above the ceiling is refused. A copy that would fail the DMARC check of its
// destination is passed, rewritten, wrapped or refused, as routing data or the configuration say. Only mail whose author was proven here
// gets our own author address: to rewrite or wrap a failed message would launder a forgery.

import { readAuthors } from '../message/from.ts'
import type { Field } from '../message/header.ts'
import type { ForwardTerms } from '../route/resolution.ts'
import { domainOf } from '../smtp/mailbox.ts'
import { belowTrace, predictDmarc } from './dmarc-prediction.ts'
import type { DmarcPrediction } from './dmarc-prediction.ts'
import { knownResults } from './known-results.ts'
import type { VerifiedMail } from './known-results.ts'
import { overAllCeilings, overCeiling } from './spam-ceiling.ts'
import type { DefaultCeiling } from './spam-ceiling.ts'
import { readSpamScore } from './spam-score.ts'

export type Treatment = NonNullable<ForwardTerms['action']>['treatment']

export type ForwardedMail = VerifiedMail

export interface ForwardDecision {
  readonly treatment: Treatment
  /** Why a copy is refused: it decides the reply. */
  readonly cause: 'dmarc' | 'spam' | 'own-author'
  /** For the ledger: the prediction, the rule that applies, and why another treatment is not possible. */
  readonly reason: string
}

export interface ForwardJudgement {
  /** Whether the destination's DMARC check passes. Null if the author is ours, because our signature proves it, or cannot be read. */
  readonly dmarc: {
    readonly prediction: DmarcPrediction
    /** The address in From:; there is only one. */
    readonly author: string
  } | null
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
      let dmarc: ForwardJudgement['dmarc'] | undefined
      const dmarcOf = () => {
        if (dmarc === undefined) dmarc = judgeDmarc(settings, mail.fields, found)
        return dmarc
      }
      const spam = (reason: string): ForwardDecision => ({ treatment: 'reject', cause: 'spam', reason })
      return {
        get dmarc() {
          return dmarcOf()
        },
        decide: (forward) => {
          const over = overCeiling(score, forward, settings.defaultCeiling)
          if (over !== null) return spam(over)
          const judged = dmarcOf()
          return judged && decideByDmarc(settings, judged.prediction, forward.action)
        },
        decideRelayed: (forwards) => {
          const over = overAllCeilings(score, forwards, settings.defaultCeiling)
          return over === null ? null : spam(over)
        },
      }
    },
  }
}

function judgeDmarc(
  settings: ForwardPolicySettings,
  fields: readonly Field[],
  { results, arrived }: ReturnType<typeof findings>,
): ForwardJudgement['dmarc'] {
  const author = foreignAuthor(settings, fields)
  return author === null ? null : { author, prediction: predictDmarc(results, arrived) }
}

function foreignAuthor({ isOurs }: ForwardPolicySettings, fields: readonly Field[]): string | null {
  const { addresses, problems } = readAuthors(fields)
  const [author] = addresses
  if (problems.length > 0 || addresses.length !== 1 || author === undefined) return null
  return isOurs(domainOf(author).toLowerCase()) ? null : author
}

/** The results of the node that verified the message and the header as that node received it. */
function findings({ authservId }: ForwardPolicySettings, mail: ForwardedMail) {
  const arrived = mail.origin.kind === 'peer' ? belowTrace(mail.fields) : mail.fields
  return { results: knownResults(authservId, mail), arrived }
}

function decideByDmarc(
  settings: ForwardPolicySettings,
  { predicted, atArrival, reason }: DmarcPrediction,
  action: ForwardTerms['action'],
): ForwardDecision {
  const decision = (treatment: Treatment, why: string): ForwardDecision => ({ treatment, cause: 'dmarc', reason: why })
  const prediction = `predicted ${predicted}: ${reason}`
  if (predicted !== 'fail') return decision('pass', prediction)
  const treatment = action?.treatment ?? settings.defaultTreatment
  const rule = `${prediction}; ${treatment} by ${action?.source ?? 'configuration'}`
  if (treatment === 'pass' || treatment === 'reject') return decision(treatment, rule)
  if (atArrival !== 'pass') return decision('pass', `${rule}, not applied: the message failed DMARC on arrival`)
  if (!settings.signs(settings.domain))
    return decision('pass', `${rule}, not applied: no key signs for ${settings.domain}`)
  return decision(treatment, rule)
}
