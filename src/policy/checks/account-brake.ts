// The brake for stolen accounts: an account that behaves unlike itself is put on hold. Its queued mail stops (node/account-holds.ts); its new
// mail is accepted and held, or refused for now. The check comes last at the end of data, when the limits have counted the message.

import type { Clock } from '../../lib/clock.ts'
import { siteNetwork } from '../../lib/ip-address.ts'
import { isAuthenticated } from '../../smtp/origin.ts'
import type { Authenticated } from '../../smtp/origin.ts'
import { type Refusal, refusal } from '../../smtp/reply.ts'
import { BY_NODE } from '../../state/ban-contract.ts'
import { type AccountHold, type AccountSigns, type Brake, holdMark } from '../../state/brake-contract.ts'
import { accountNames, allNames } from '../account-name.ts'
import { type BrakePoints, brakeScore, type LeastUsual } from '../brake-score.ts'
import type { Check, Finding, Mail } from '../check.ts'
import { subjectKey } from '../subject-key.ts'
import { accept, refuse, refuseByChoice } from '../verdict.ts'

export interface BrakeSettings {
  /** From this score on an account is put on hold; null: only operators do. */
  readonly holdAt: number | null
  readonly points: BrakePoints
  readonly newMail: 'hold' | 'refuse'
  readonly least: { readonly user: LeastUsual; readonly machine: LeastUsual }
}

export interface AccountBrakePorts {
  readonly brake: Brake
  readonly clock: Pick<Clock, 'now'>
  /** Called when an account was put on hold, so that the queue follows at once. */
  readonly held: () => void
  /** Whether the check is in test mode on a listener: then no account is put on hold. */
  readonly isTested: (listener: string) => boolean
}

const accepted: Finding = { verdict: accept }

export function accountBrakeCheck(settings: () => BrakeSettings, ports: AccountBrakePorts): Check {
  const { brake } = ports
  return {
    name: 'account-brake',
    mail: async ({ origin }) => {
      // Mail that would be held is accepted: the end of data decides.
      if (!isAuthenticated(origin) || settings().newMail === 'hold') return accepted
      const answer = await brake.holds(allNames(accountNames(origin)))
      if (answer.kind === 'unavailable') return unknown(answer.cause)
      const [hold] = answer.holds
      return hold ? refusedFor(hold) : accepted
    },
    message: async (mail) => {
      const { origin } = mail
      if (!isAuthenticated(origin)) return accepted
      const current = settings()
      const judged = await judge(current, ports, { mail, origin })
      if (judged.kind === 'unavailable') return unknown(judged.cause)
      if (judged.kind === 'usual') return accepted
      return judged.isTrial ? refusedOnTrial(judged.hold) : ofHold(judged.hold, current)
    },
  }
}

type Judged =
  | { readonly kind: 'usual' }
  /** A hold that stands, or that the message causes. In test mode it is a trial, and not made. */
  | { readonly kind: 'hold'; readonly hold: AccountHold; readonly isTrial: boolean }
  | { readonly kind: 'unavailable'; readonly cause: string }

const usual: Judged = { kind: 'usual' }

async function judge(
  { holdAt, points, least }: BrakeSettings,
  { brake, clock, held, isTested }: AccountBrakePorts,
  { mail, origin }: { readonly mail: Mail; readonly origin: Authenticated },
): Promise<Judged> {
  const at = clock.now()
  const names = allNames(accountNames(origin))
  const observed = await brake.observe({
    names,
    network: mail.session ? siteNetwork(mail.session.remoteIp) : null,
    subject: subjectKey(mail.fields),
    spam: mail.judged?.score ?? null,
    at,
  })
  if (observed.kind === 'held') return { ...observed, kind: 'hold', isTrial: false }
  if (observed.kind === 'unavailable') return observed
  if (holdAt === null) return usual
  const scores = observed.signs.map((signs) => ({ ...signs, ...brakeScore(signs, points, least[leastOf(origin)]) }))
  const worst = scores.reduce<(AccountSigns & ReturnType<typeof brakeScore>) | null>(
    (most, one) => (most === null || one.score > most.score ? one : most),
    null,
  )
  if (worst === null || worst.score < holdAt) return usual
  const reason = `unusual, score ${worst.score} of ${holdAt}`
  // What the client used is stopped: the thief of an app password has nothing else, and its user continues.
  const account = names.at(-1) ?? worst.account
  const hold = { account, at, by: BY_NODE, reason, evidence: worst.evidence }
  if (isTested(mail.session?.listener ?? '')) return { kind: 'hold', hold, isTrial: true }
  if ((await brake.hold(hold)) === 'held') held()
  return { kind: 'hold', hold, isTrial: false }
}

function leastOf({ kind }: Authenticated): 'user' | 'machine' {
  return kind
}

function ofHold(hold: AccountHold, { newMail }: BrakeSettings): Finding {
  if (newMail === 'refuse') return refusedFor(hold)
  return { verdict: accept, quarantine: `${holdMark(hold.account)}: ${textOf(hold)}` }
}

/** Test mode turns it off, and records what would have happened. */
function refusedOnTrial(hold: AccountHold): Finding {
  return { verdict: refuseByChoice(refusalFor(hold)) }
}

function refusedFor(hold: AccountHold): Finding {
  return { verdict: refuse(refusalFor(hold)) }
}

function refusalFor(hold: AccountHold): Refusal {
  const text =
    'Your account is on hold, because its mail looks unusual or the operator stopped it; please ask the operator'
  return refusal(450, '4.7.1', text, `${holdMark(hold.account)}: ${textOf(hold)}`)
}

function textOf({ by, reason, evidence }: AccountHold): string {
  return [`${reason || 'no reason'} (by ${by})`, evidence].filter((text) => text !== '').join('; ')
}

function unknown(cause: string): Finding {
  return { verdict: refuse(refusal(451, '4.3.0', 'The state of your account is temporarily unavailable', cause)) }
}
