// What becomes of a forwarded mail: a copy that would fail the destination's DMARC check is passed, rewritten, wrapped or refused, as
// routing data or the node's configuration want it. Only a mail whose author was proven here is ever given our own name: to rewrite or
// wrap what failed already would launder a forgery that its domain asks everybody to refuse. Pure but for the two questions it is given.

import { parseResults, trustedResults } from '../message/authentication-results.ts'
import type { MethodResult } from '../message/authentication-results.ts'
import { readAuthors } from '../message/from.ts'
import type { Field } from '../message/header.ts'
import type { Destination } from '../route/resolution.ts'
import type { Origin } from '../smtp/origin.ts'
import { belowTrace, predictSurvival } from './forward-survival.ts'
import type { Survival } from './forward-survival.ts'

type Forward = NonNullable<Destination['forward']>
export type Treatment = NonNullable<Forward['wish']>['treatment']

export interface ForwardedMail {
  readonly fields: readonly Field[]
  readonly origin: Origin
  /** The Authentication-Results value that this node itself is about to add, or null. */
  readonly results: string | null
}

export interface Choice {
  readonly treatment: Treatment
  /** For the ledger: the prediction, who wanted what, and why it is not done where it is not. */
  readonly reason: string
}

export interface ForwardJudgement {
  readonly survival: Survival
  /** The one author, as in From:. */
  readonly author: string
  /** What is done for a copy that leaves by this forward. */
  choose(forward: Forward): Choice
}

export interface ForwardStrategist {
  /** Where a rewritten author lives: `ann=stranger.example@` this. */
  readonly domain: string
  /** Who forwards, as people are told: `Ann via` this. */
  readonly via: string
  /** Null where there is nothing to decide: the author is ours (our signature speaks for him), or cannot be read. */
  judge(mail: ForwardedMail): ForwardJudgement | null
}

export interface StrategistSettings {
  readonly authservId: string
  readonly domain: string
  readonly via: string
  /** Where neither the forward nor the destination's domain says anything. */
  readonly usual: Treatment
  readonly isOurs: (domain: string) => boolean
  /** Can we sign for the domain now? Without that a rewritten mail would be worth less than the one that came. */
  readonly signs: (domain: string) => boolean
}

export function createForwardStrategist(settings: StrategistSettings): ForwardStrategist {
  return {
    domain: settings.domain,
    via: settings.via,
    judge: (mail) => {
      const { addresses, problems } = readAuthors(mail.fields)
      const [author] = addresses
      if (problems.length > 0 || addresses.length !== 1 || author === undefined) return null
      if (settings.isOurs(author.slice(author.lastIndexOf('@') + 1).toLowerCase())) return null
      const survival = survivalOf(settings, mail)
      return { survival, author, choose: ({ wish }) => choose(settings, survival, wish) }
    },
  }
}

function survivalOf(settings: StrategistSettings, { origin, fields, results }: ForwardedMail): Survival {
  if (origin.kind === 'peer') return predictSurvival(trustedResults(fields, settings.authservId), belowTrace(fields))
  return predictSurvival(ownResults(results), fields)
}

function ownResults(value: string | null): readonly MethodResult[] {
  const parsed = value === null ? null : parseResults(value)
  return parsed?.kind === 'results' ? parsed.results : []
}

function choose(settings: StrategistSettings, survival: Survival, wish: Forward['wish']): Choice {
  const { predicted, atArrival, reason } = survival
  const told = `predicted ${predicted}: ${reason}`
  if (predicted !== 'fail') return { treatment: 'pass', reason: told }
  const treatment = wish?.treatment ?? settings.usual
  const wanted = `${told}; ${treatment} by ${wish?.source ?? 'configuration'}`
  if (treatment === 'pass' || treatment === 'refuse') return { treatment, reason: wanted }
  if (atArrival !== 'pass')
    return { treatment: 'pass', reason: `${wanted}, but our name is not given to what failed here` }
  if (!settings.signs(settings.domain))
    return { treatment: 'pass', reason: `${wanted}, but no key signs for ${settings.domain}` }
  return { treatment, reason: wanted }
}
