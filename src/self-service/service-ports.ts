// What the page asks the node. All of it concerns one person, who is signed in.

import type { LoginHistory } from '../auth/login-history.ts'
import type { PageLogin } from '../auth/page-login.ts'
import type { SecondFactors } from '../auth/second-factors.ts'
import type { Rate } from '../budget/rate.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'

/** The listener of the page in the history of logins. */
export const PAGE = 'page'

/** Whether a person can change something here; `reason` is a sentence for the person. */
export type Ability = { readonly kind: 'possible' } | { readonly kind: 'impossible'; readonly reason: string }

export interface PasswordChange {
  readonly identity: string
  readonly old: string
  readonly password: string
}

export type ChangeAnswer =
  | { readonly kind: 'changed' }
  /** `cause` is a sentence for the person. Nothing has changed. */
  | { readonly kind: 'refused'; readonly cause: string }

export interface PersonPasswords {
  ability(identity: string): Promise<Ability>
  /** Octets that a new password of the person can have. */
  mostOctets(identity: string): Promise<number>
  /** The new password counts when this resolves, and the old one does not any more. */
  change(change: PasswordChange): Promise<ChangeAnswer>
}

export interface ShownAppPassword {
  readonly label: string
  /** Unix milliseconds. */
  readonly created: number
  readonly expires: number | null
  readonly isExpired: boolean
  readonly networks: readonly string[] | null
  readonly senders: readonly string[] | null
  readonly lastUse: { readonly at: number; readonly ip: string } | null
}

export interface WantedAppPassword {
  readonly identity: string
  readonly label: string
  readonly expires: number | null
  readonly networks: readonly string[]
  readonly senders: readonly string[]
}

export type AppPasswordAnswer =
  | { readonly kind: 'made'; readonly secret: string }
  | Exclude<ChangeAnswer, { kind: 'changed' }>

export interface PersonAppPasswords {
  /** Null if the node has no file of app passwords. */
  ability(): Promise<Ability | null>
  list(identity: string): readonly ShownAppPassword[]
  add(wanted: WantedAppPassword): Promise<AppPasswordAnswer>
  remove(identity: string, label: string): Promise<ChangeAnswer>
}

export interface SentResult {
  readonly domain: string
  /** Such as `delivered`, `waiting`. */
  readonly result: string
  /** The reply of the other host; empty without one. */
  readonly reply: string
  /** Recipients with this result. */
  readonly recipients: number
}

export interface SentMessage {
  /** Unix milliseconds. */
  readonly at: number
  /** The app password that sent it; null for the mail password. */
  readonly app: string | null
  readonly results: readonly SentResult[]
}

export interface SentPage {
  /** The newest first. */
  readonly messages: readonly SentMessage[]
  /** Older ones are before this time; null if there are none. */
  readonly olderBefore: number | null
}

export type Senders =
  | { readonly kind: 'known'; readonly addresses: readonly string[] }
  | { readonly kind: 'unavailable' }

export interface AccountNotice {
  /** Unix milliseconds. */
  readonly since: number
  readonly reason: string
  readonly app: string | null
}

/** What a person did to the account. */
export type AccountChange =
  | 'password'
  | 'app-password-added'
  | 'app-password-removed'
  | 'second-factor-on'
  | 'second-factor-off'
  | 'recovery-code-used'

export interface ChangeNote {
  readonly identity: string
  readonly change: AccountChange
  readonly ip: string
  /** Of the app password. */
  readonly app?: string
}

export type SignInResult = 'signed-in' | 'wrong' | 'wrong-code' | 'throttled' | 'unavailable' | 'full'

export interface SelfServicePorts {
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'every'>
  readonly log: Pick<Log, 'bug' | 'warn'>
  readonly login: PageLogin
  readonly history: LoginHistory
  readonly factors: SecondFactors
  readonly passwords: PersonPasswords
  readonly apps: PersonAppPasswords
  senders(identity: string): Promise<Senders>
  /** @param before unix milliseconds */
  sent(identity: string, before: number): Promise<SentPage>
  /** Holds that stand; null if they are not known now. */
  holds(identity: string): Promise<readonly AccountNotice[] | null>
  /** For the ledger. */
  changed(note: ChangeNote): void
  /** Counts and logs a sign-in. @param cause for the log */
  signedIn(result: SignInResult, about: { readonly ip: string; readonly cause: string }): void
  /** Budget `wrongCodes`: codes that a person tried without success. */
  readonly codes: Pick<Rate, 'take' | 'clear'>
}

export interface SelfServiceSettings {
  /** The name in the address of the page. */
  readonly hostName: string
  /** Of the organisation or its service. */
  readonly name: string
  readonly domain: string
  /** Characters of a new password. */
  readonly minLength: number
  readonly requireSecondFactor: boolean
  /** A page for people; null without. */
  readonly help: string | null
}
