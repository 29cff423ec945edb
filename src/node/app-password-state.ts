// What operators should know about app passwords: those without effect, those that expired, and those that no program uses.

import type { AppPassword } from '../auth/app-password.ts'
import type { AppPasswordFile } from '../auth/app-password-file.ts'
import type { LastUses } from '../auth/last-uses.ts'
import type { People } from '../auth/people.ts'
import { identityOf } from '../auth/passwd-authenticator.ts'
import type { Problem } from '../config/problem.ts'
import type { Clock } from '../lib/clock.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { Router } from '../route/resolution.ts'

export type AppPasswordState = 'active' | 'unused' | 'expired'

const DAY_MS = 86_400_000
/** A program of a person who is away for a summer stays below it. */
export const UNUSED_DAYS = 90

export interface AppPasswordFacts {
  readonly use: Pick<LastUses, 'last'>
  readonly domain: string
  /** Unix milliseconds. */
  readonly now: number
}

/** `unused`: not used for 90 days, or never used since it was made 90 days ago. */
export function stateOfApp(app: AppPassword, { use, domain, now }: AppPasswordFacts): AppPasswordState {
  if (app.expires !== null && app.expires <= now) return 'expired'
  const last = use.last(identityOf(app.user, domain), app)
  return now - (last?.at ?? app.created) > UNUSED_DAYS * DAY_MS ? 'unused' : 'active'
}

/** Warnings of `waypost check` about app passwords to remove. */
export function idleAppPasswords({ file, list }: Pick<AppPasswordFile, 'file' | 'list'>, facts: AppPasswordFacts) {
  return list.flatMap((app): Problem[] => {
    const state = stateOfApp(app, facts)
    const last = facts.use.last(identityOf(app.user, facts.domain), app)
    const since = last ? `not used since ${dayOf(last.at)}` : `never used since ${dayOf(app.created)}`
    if (state === 'active') return []
    return [warning(file, app, `${state === 'unused' ? since : `expired at ${dayOf(app.expires ?? 0)}`}: remove it`)]
  })
}

export interface AppPasswordSources {
  /** Null where users are in LDAP or SQL too: they may not answer now. */
  readonly people: Pick<People, 'find'> | null
  readonly router: Pick<Router, 'maySendAs'>
  readonly domain: string
}

/** Warnings at a load about app passwords without effect: of no user, or with a sender that is not the user's. */
export async function uselessAppPasswords(
  { file, list }: Pick<AppPasswordFile, 'file' | 'list'>,
  { people, router, domain }: AppPasswordSources,
): Promise<readonly Problem[]> {
  const warnings: Problem[] = []
  for (const app of list) {
    const identity = identityOf(app.user, domain)
    const person = await people?.find(identity)
    if (person?.kind === 'absent') warnings.push(warning(file, app, 'no login: the user does not exist'))
    for (const sender of app.senders ?? []) {
      if (/^(?:@|\*\.)/.test(sender)) continue
      const answer = await router.maySendAs({ kind: 'user', identity }, sender)
      if (answer.kind === 'no') warnings.push(warning(file, app, `${sender} has no effect: the user may not use it`))
    }
  }
  return warnings
}

function warning(file: string, { user, label, lineNumber }: AppPassword, finding: string): Problem {
  return { file, line: lineNumber, column: 1, message: `app password ${user}:${label}: ${finding}` }
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

export interface AppGaugeParts {
  /** Those of the current data. */
  readonly list: () => readonly AppPassword[]
  readonly use: Pick<LastUses, 'last'>
  readonly domain: string
  readonly clock: Pick<Clock, 'now'>
}

export function appPasswordGauge({ list, clock, ...facts }: AppGaugeParts): GaugeSource {
  return {
    name: 'waypost_app_passwords',
    help: 'App passwords by state: `active`, `unused` for 90 days, `expired`.',
    labels: ['state'],
    read: () => {
      const now = clock.now()
      const states = list().map((app) => stateOfApp(app, { ...facts, now }))
      return (['active', 'unused', 'expired'] as const).map((state) => ({
        labels: { state },
        value: states.filter((one) => one === state).length,
      }))
    },
  }
}
