// Users with an access token of an issuer that the operator trusts (OAUTHBEARER, RFC 7628; JWT, RFC 7519 and RFC 9068). The token proves the user
// by one of its claims; the user must exist here and be able to log in.

import type { JSONWebKeySet, JWTPayload } from 'jose'
import type { Clock } from '../lib/clock.ts'
import { userText } from '../smtp/origin.ts'
import type { Identification, TokenAuthenticator, TokenClaim } from './authenticator.ts'
import { identityOf } from './passwd-authenticator.ts'
import { type People, whyNoLogin } from './people.ts'
import type { TokenKeys } from './token-keys.ts'

export interface TokenSettings {
  readonly issuer: string
  /** One of them must be in `aud`. */
  readonly audience: readonly string[]
  /** The claim that is the user. */
  readonly user: string
  /** Every one must be in `scope` or `scp`. */
  readonly scopes: readonly string[]
  /** Ms by which the clocks may differ. */
  readonly clockSkew: number
  readonly keys: TokenKeys
}

export interface TokenAuthenticatorParts {
  /** Null without tokens; a reload replaces them. */
  readonly settings: () => TokenSettings | null
  readonly people: Pick<People, 'find' | 'known'>
  /** The main domain. */
  readonly domain: string
  readonly clock: Pick<Clock, 'now'>
}

/** Signatures with a public key: with `none` or a shared key (HS256) every holder of the public key could make tokens. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

export function createTokenAuthenticator(parts: TokenAuthenticatorParts): TokenAuthenticator {
  return {
    claimedUser: async (token) => {
      const settings = parts.settings()
      const { decodeJwt } = await import('jose')
      try {
        return settings && claimOf(decodeJwt(token), settings.user)
      } catch {
        return null
      }
    },
    check: async (claim): Promise<Identification> => {
      const settings = parts.settings()
      if (!settings) return wrong('tokens are not configured')
      const verified = await verify(claim.token, settings, parts.clock)
      if (verified.kind !== 'verified') return verified
      const { payload } = verified
      const named = claimOf(payload, settings.user)
      if (named === null) return wrong(`the token has no claim ${settings.user}`)
      const missing = settings.scopes.find((scope) => !scopesOf(payload).includes(scope))
      if (missing !== undefined) return wrong(`the token lacks the scope ${missing}`)
      const identity = identityOf(named, parts.domain)
      if (claim.user !== null && identityOf(claim.user, parts.domain) !== identity)
        return wrong(`the token is that of ${userText(identity)}, not of ${userText(claim.user)}`)
      const person = await parts.people.find(identity)
      if (person.kind === 'unavailable') return person
      const problem = whyNoLogin(person, identity, claim.ip)
      if (problem !== null) return wrong(problem)
      const expires = (payload.exp ?? 0) * 1000 + settings.clockSkew
      return { kind: 'identified', identity, whyEnded: () => whyEnded(parts, { ...claim, identity, expires }) }
    },
  }
}

type Verified =
  | { readonly kind: 'verified'; readonly payload: JWTPayload }
  | (Identification & { readonly kind: 'wrong' | 'unavailable' })

async function verify(token: string, settings: TokenSettings, clock: Pick<Clock, 'now'>): Promise<Verified> {
  const { createLocalJWKSet, errors, jwtVerify } = await import('jose')
  const { issuer, audience, clockSkew, keys } = settings
  const attempt = async (): Promise<Verified> => {
    const set = await keys.current()
    if (!set) return { kind: 'unavailable', cause: `no keys of the issuer: ${keys.problem() ?? 'none'}` }
    const { payload } = await jwtVerify(token, createLocalJWKSet(set as JSONWebKeySet), {
      issuer,
      audience: [...audience],
      algorithms: ALGORITHMS,
      clockTolerance: clockSkew / 1000,
      currentDate: new Date(clock.now()),
      requiredClaims: ['exp'],
    })
    return { kind: 'verified', payload }
  }
  const isUnknownKey = (error: unknown) => error instanceof errors.JWKSNoMatchingKey
  try {
    return await attempt().catch(async (error: unknown) => {
      if (isUnknownKey(error) && (await keys.renew())) return attempt()
      throw error
    })
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error
    // The key may be one that the issuer published while it did not answer.
    if (isUnknownKey(error) && keys.problem() !== null)
      return {
        kind: 'unavailable',
        cause: `unknown key of the token, and the issuer does not answer: ${keys.problem()}`,
      }
    return wrong(`the token is not valid: ${error.message}`)
  }
}

function claimOf(payload: JWTPayload, claim: string): string | null {
  const value = payload[claim]
  return typeof value === 'string' && /^[^\s:"\p{Cc}]{1,254}$/u.test(value) ? value : null
}

/** `scope` of RFC 9068 2.2.3, or `scp` of Microsoft: words, or a list of them. */
function scopesOf(payload: JWTPayload): readonly string[] {
  return [payload['scope'], payload['scp']].flatMap((value) => {
    if (typeof value === 'string') return value.split(' ')
    return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
  })
}

function whyEnded(
  { people, clock }: TokenAuthenticatorParts,
  held: TokenClaim & { readonly identity: string; readonly expires: number },
): string | null {
  if (held.expires <= clock.now()) return `the token of ${userText(held.identity)} expired`
  return whyNoLogin(people.known(held.identity), held.identity, held.ip)
}

function wrong(cause: string): Identification & { readonly kind: 'wrong' } {
  return { kind: 'wrong', cause }
}
