// What becomes of a forwarded mail. Spam above the ceiling that applies is refused. A copy that would fail the destination's DMARC check is
// passed, rewritten, wrapped or refused, as routing data or the node's configuration want it. Only a mail whose author was proven here is
// ever given our own name: to rewrite or wrap what failed already would launder a forgery that its domain asks everybody to refuse.
// Pure but for the two questions it is given.

import { parseResults, trustedResults } from '../message/results-field.ts'
import type { MethodResult } from '../message/results-field.ts'
import { readAuthors } from '../message/from.ts'
import type { Field } from '../message/header.ts'
import type { ForwardTerms } from '../route/resolution.ts'
import { domainOf } from '../smtp/mailbox.ts'
import type { Origin } from '../smtp/origin.ts'
import { belowTrace, predictSurvival } from './dmarc-prediction.ts'
import type { Survival } from './dmarc-prediction.ts'
import { overAllCeilings, overCeiling } from './spam-ceiling.ts'
import type { UsualCeiling } from './spam-ceiling.ts'
import { readSpamScore } from './spam-score.ts'

export type Treatment = NonNullable<ForwardTerms['action']>['treatment']

export interface ForwardedMail {
  readonly fields: readonly Field[]
  readonly origin: Origin
  /** The Authentication-Results value that this node itself is about to add, or null. */
  readonly results: string | null
}

export interface Choice {
  readonly treatment: Treatment
  /** What a refusal is for; the client is told accordingly. */
  readonly because: 'dmarc' | 'spam'
  /** For the ledger: the prediction, who wanted what, and why it is not done where it is not. */
  readonly reason: string
}

export interface ForwardJudgement {
  /** Whether the destination's DMARC check passes; null where that is not asked: the author is ours (our signature speaks for him), or cannot be read. */
  readonly dmarc: {
    readonly survival: Survival
    /** The one author, as in From:. */
    readonly author: string
  } | null
  /** What is done for a copy that leaves by this forward; null where there is nothing to decide. */
  choose(forward: ForwardTerms): Choice | null
  /** The same for one that another node of ours forwards for these: only what it would refuse for all of them. */
  chooseHandedOver(forwards: readonly ForwardTerms[]): Choice | null
}

export interface ForwardStrategist {
  /** Where a rewritten author lives: `ann=stranger.example@` this. */
  readonly domain: string
  /** Who forwards, as people are told: `Ann via` this. */
  readonly via: string
  judge(mail: ForwardedMail): ForwardJudgement
}

export interface StrategistSettings {
  readonly authservId: string
  readonly domain: string
  readonly via: string
  /** Where neither the forward nor the destination's domain says anything. */
  readonly usual: Treatment
  /** The same for the spam score. */
  readonly usualCeiling: UsualCeiling
  readonly isOurs: (domain: string) => boolean
  /** Can we sign for the domain now? Without that a rewritten mail would be worth less than the one that came. */
  readonly signs: (domain: string) => boolean
}

export function createForwardStrategist(settings: StrategistSettings): ForwardStrategist {
  return {
    domain: settings.domain,
    via: settings.via,
    judge: (mail) => {
      const found = findings(settings, mail)
      const score = readSpamScore(found.results)
      // Read when it is asked for: a mail that another node of ours forwards is judged by its score alone.
      let dmarc: ForwardJudgement['dmarc'] | undefined
      const dmarcOf = () => {
        if (dmarc === undefined) dmarc = judgeDmarc(settings, mail.fields, found)
        return dmarc
      }
      const spam = (reason: string): Choice => ({ treatment: 'refuse', because: 'spam', reason })
      return {
        get dmarc() {
          return dmarcOf()
        },
        choose: (forward) => {
          const over = overCeiling(score, forward, settings.usualCeiling)
          if (over !== null) return spam(over)
          const judged = dmarcOf()
          return judged && choose(settings, judged.survival, forward.action)
        },
        chooseHandedOver: (forwards) => {
          const over = overAllCeilings(score, forwards, settings.usualCeiling)
          return over === null ? null : spam(over)
        },
      }
    },
  }
}

function judgeDmarc(
  settings: StrategistSettings,
  fields: readonly Field[],
  { results, arrived }: ReturnType<typeof findings>,
): ForwardJudgement['dmarc'] {
  const author = foreignAuthor(settings, fields)
  return author === null ? null : { author, survival: predictSurvival(results, arrived) }
}

function foreignAuthor({ isOurs }: StrategistSettings, fields: readonly Field[]): string | null {
  const { addresses, problems } = readAuthors(fields)
  const [author] = addresses
  if (problems.length > 0 || addresses.length !== 1 || author === undefined) return null
  return isOurs(domainOf(author).toLowerCase()) ? null : author
}

/** What the node that verified the mail wrote down (this one, or the peer in front), and the header as it came there. */
function findings({ authservId }: StrategistSettings, { origin, fields, results }: ForwardedMail) {
  if (origin.kind === 'peer') return { results: trustedResults(fields, authservId), arrived: belowTrace(fields) }
  return { results: ownResults(results), arrived: fields }
}

function ownResults(value: string | null): readonly MethodResult[] {
  const parsed = value === null ? null : parseResults(value)
  return parsed?.kind === 'results' ? parsed.results : []
}

function choose(settings: StrategistSettings, survival: Survival, wish: ForwardTerms['action']): Choice {
  const { predicted, atArrival, reason } = survival
  const because = 'dmarc'
  const told = `predicted ${predicted}: ${reason}`
  if (predicted !== 'fail') return { treatment: 'pass', because, reason: told }
  const treatment = wish?.treatment ?? settings.usual
  const wanted = `${told}; ${treatment} by ${wish?.source ?? 'configuration'}`
  if (treatment === 'pass' || treatment === 'refuse') return { treatment, because, reason: wanted }
  if (atArrival !== 'pass')
    return { treatment: 'pass', because, reason: `${wanted}, but our name is not given to what failed here` }
  if (!settings.signs(settings.domain))
    return { treatment: 'pass', because, reason: `${wanted}, but no key signs for ${settings.domain}` }
  return { treatment, because, reason: wanted }
}
