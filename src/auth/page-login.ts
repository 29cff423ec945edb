// The sign-in at a page, with the same passwords, throttle, bans and times as AUTH. Nothing counts as a success before the caller says so:
// a second factor may follow.

import type { PasswordAuthenticator, WhyEnded } from './authenticator.ts'
import type { AttemptEnd, LoginAttempt } from './login-throttle.ts'
import { identityOf } from './passwd-authenticator.ts'

export type PageLoginAnswer =
  | {
      readonly kind: 'proven'
      readonly identity: string
      readonly whyEnded: WhyEnded
      /** Call it once, when the sign-in is complete or was given up. */
      end(how: AttemptEnd): void
    }
  | { readonly kind: 'wrong'; readonly identity: string; readonly cause: string }
  /** The secret is that of an app password, which opens no page. */
  | { readonly kind: 'app'; readonly identity: string }
  /** A ban or the throttle: later. */
  | { readonly kind: 'throttled'; readonly cause: string }
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface PageClaim {
  readonly ip: string
  /** With or without the domain. */
  readonly user: string
  readonly password: string
}

export interface PageLogin {
  check(claim: PageClaim): Promise<PageLoginAnswer>
  /** An attempt with another secret, such as a code: it counts as failed until its end. */
  begin(ip: string, identity: string): Promise<LoginAttempt>
}

export interface PageLoginParts {
  readonly passwords: PasswordAuthenticator
  readonly guard: { begin(ip: string, user: string): LoginAttempt | Promise<LoginAttempt> }
  readonly remembered: { readonly forget: (account: string) => void }
  readonly domain: string
}

const ignore = () => undefined

export function createPageLogin({ passwords, guard, remembered, domain }: PageLoginParts): PageLogin {
  return {
    begin: async (ip, identity) => guard.begin(ip, identity),
    check: async ({ ip, user, password }) => {
      const identity = identityOf(user, domain)
      const attempt = await guard.begin(ip, identity)
      if (attempt.kind === 'unavailable') return attempt
      if (attempt.kind === 'banned') {
        remembered.forget(identity)
        return { kind: 'throttled', cause: attempt.cause }
      }
      const answer = await passwords.check(user, password, { ip, isKnown: attempt.isKnown }).catch((error: unknown) => {
        attempt.end('undecided')
        throw error
      })
      const undecided = answer.kind === 'unavailable' || (answer.kind === 'wrong' && answer.doubt !== undefined)
      if (undecided) {
        attempt.end('undecided')
        return { kind: 'unavailable', cause: answer.cause }
      }
      if (answer.kind === 'wrong') {
        attempt.end('failed')
        return { kind: 'wrong', identity, cause: answer.cause }
      }
      if (answer.app !== undefined) {
        attempt.end('undecided')
        return { kind: 'app', identity: answer.identity }
      }
      const whyEnded = answer.whyEnded ?? (() => null)
      let end = attempt.end.bind(attempt)
      const endOnce = (how: AttemptEnd) => {
        end(how)
        end = ignore
      }
      return { kind: 'proven', identity: answer.identity, whyEnded, end: endOnce }
    },
  }
}
