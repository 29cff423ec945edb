// Authenticates a user by name and password. A name with the main domain and one without it are the same identity. An unknown user costs
// the same work as a wrong password, and every failure takes the same time, so that it reveals nothing.

import type { Holder } from '../budget/pool.ts'
import type { Clock } from '../lib/clock.ts'
import { userText } from '../smtp/origin.ts'
import { findApp } from './app-password.ts'
import type { AppAnswer, AppAttempt, AppPassword } from './app-password.ts'
import type { Identification, LoginClient, PasswordAuthenticator } from './authenticator.ts'
import { createEqualDuration } from './equal-duration.ts'
import type { PasswordChanges } from './password-changes.ts'
import { MOST_PASSWORD_OCTETS } from './password-octets.ts'
import type { PasswordPool, PasswordVerdict } from './password-pool.ts'
import { type PasswdEntry, userKey } from './passwd-line.ts'
import type { AskVerdict, Check, FoundPerson, People } from './people.ts'
import type { RememberedPasswords } from './remembered-passwords.ts'
import { createSharedChecks } from './shared-checks.ts'
import { whyEnded } from './standing.ts'

export interface PasswdAuthenticatorSettings {
  readonly people: People
  readonly pool: PasswordPool
  /** The main domain: `lee@domain` is `lee`. */
  readonly domain: string
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  readonly remembered: Pick<RememberedPasswords, 'has' | 'add'>
  /** Changes at this node; none without it. */
  readonly changes?: Pick<PasswordChanges, 'count'>
}

/** As in a passwd-file: no address is longer, so no directory is queried for a longer name. */
const MOST_NAME_LENGTH = 254

interface Judged {
  readonly check: Check
  readonly account: string
  /** False if a match does not count: nothing is remembered then, and what was is not used. */
  readonly mayLogIn: boolean
  readonly password: string
  readonly holder: Holder
}

interface Judgement {
  readonly verdict: AskVerdict
  /** Computing time of a hash; null if none was computed here. */
  readonly ms: number | null
}

const NO_APP: AppAnswer = { kind: 'none' }
const NO_MATCH: Judgement = { verdict: { kind: 'mismatch' }, ms: null }
const overloaded: AskVerdict = { kind: 'unavailable', cause: 'password checks are overloaded' }

export function createPasswdAuthenticator(settings: PasswdAuthenticatorSettings): PasswordAuthenticator {
  const { people, pool, domain, clock, remembered, changes } = settings
  const share = createSharedChecks<PasswordVerdict>()
  const duration = createEqualDuration({ clock, pool, samples: () => people.samples() })
  const judge = async ({ check, account, mayLogIn, password, holder }: Judged): Promise<Judgement> => {
    if (check.kind === 'ask') return { verdict: await check.verify(password), ms: null }
    const use = { account, stored: check.stored, password }
    if (remembered.has(use) && mayLogIn) return { verdict: { kind: 'match' }, ms: null }
    const { verdict, ms } = await share(use, holder.purpose, () => pool.verify(check.stored, password, holder))
    if (verdict === 'unavailable') return { verdict: overloaded, ms: null }
    if (verdict === 'match' && mayLogIn) remembered.add(use)
    duration.note(check.stored, ms)
    return { verdict: { kind: verdict }, ms }
  }
  return {
    check: async (user, password, client): Promise<Identification> => {
      if (Buffer.byteLength(password) > MOST_PASSWORD_OCTETS) return wrong('password too long')
      if (user.length > MOST_NAME_LENGTH) return wrong('name too long')
      const identity = identityOf(user, domain)
      // NFKC can turn one character into a long text.
      if (identity.length > MOST_NAME_LENGTH) return wrong('name too long')
      // Before the check: it may see the old password, and the change come before its answer.
      const before = changes?.count(identity) ?? 0
      const changed = () => (changes?.count(identity) ?? 0) - before
      const person = await people.find(identity)
      const app = person.kind === 'found' ? appOf(person, { password, ip: client?.ip, now: clock.now() }) : NO_APP
      const proven = (check: Check, used: AppPassword | null) => ({
        ...({ kind: 'identified', identity } as const),
        whyEnded: () => whyEnded(people, { identity, ip: client?.ip, check, app: used, changes: changed }, clock.now()),
      })
      if (person.kind === 'found' && app.kind === 'match')
        return { ...proven(person.check, app.app), app: app.app.label }
      const check = person.kind === 'found' ? person.check : people.decoy()
      const mayLogIn = person.kind === 'found' && isAllowed(person.allows, client)
      const judged = { account: identity, mayLogIn, password, holder: holderOf(identity, client) }
      const { verdict, ms } = check ? await judge({ check, ...judged }) : NO_MATCH
      if (ms !== null && (person.kind !== 'found' || verdict.kind === 'mismatch')) await duration.level(ms)
      if (person.kind === 'unavailable') return person
      if (!check) return wrong('no users')
      if (verdict.kind === 'unavailable') return verdict
      if (person.kind === 'absent') return wrong(person.cause ?? `unknown ${userText(identity)}`)
      // The source is unavailable and the password may have changed: the attempt counts, but the password is not known to be wrong.
      if (verdict.kind === 'mismatch')
        return {
          ...wrong(app.kind === 'refused' ? app.cause : `wrong password of ${userText(identity)}`),
          ...doubtOf(person),
        }
      // Checked last, so that the reply from a foreign network does not reveal whether the password is correct.
      if (!mayLogIn) {
        if (ms !== null) await duration.level(ms)
        return wrong(`${userText(identity)} may not log in from ${client?.ip ?? 'an unknown address'}`)
      }
      return proven(check, null)
    },
  }
}

function isAllowed(allows: PasswdEntry['allows'], client: LoginClient | undefined): boolean {
  return allows === null || (client !== undefined && allows(client.ip))
}

/** The networks of the user hold for the app passwords too. A refused one is answered as a wrong password, after the same time. */
function appOf({ apps, allows }: FoundPerson, attempt: AppAttempt): AppAnswer {
  const answer = apps ? findApp(apps, attempt) : NO_APP
  if (answer.kind !== 'match' || !allows || (attempt.ip !== undefined && allows(attempt.ip))) return answer
  const { label, user } = answer.app
  const from = attempt.ip ?? 'an unknown address'
  return { kind: 'refused', cause: `${userText(user)} may not log in from ${from}, app password ${label}` }
}

/** Strangers that guess at an account have a share for themselves, so that they do not use up the user's. */
function holderOf(account: string, client: LoginClient | undefined): Holder {
  if (client?.isKnown) return { purpose: 'people', account, ip: client.ip }
  const strangers = { purpose: 'internet', account: `${account} from strangers` } as const
  return client ? { ...strangers, ip: client.ip } : strangers
}

function doubtOf({ doubt }: { readonly doubt?: string }): { readonly doubt?: string } {
  return doubt === undefined ? {} : { doubt }
}

/** The user name in the form of `userKey`, without the domain if it is ours. */
export function identityOf(user: string, domain: string): string {
  const name = userKey(user)
  const suffix = `@${domain.toLowerCase()}`
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : name
}

function wrong(cause: string): Identification & { readonly kind: 'wrong' } {
  return { kind: 'wrong', cause }
}
