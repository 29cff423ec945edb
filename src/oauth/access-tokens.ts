// The access token of one client: fetched once for all connections, renewed before its end, and not asked for again and again while the
// server refuses it. Nothing here decides about mail: without a token the mail is deferred, whatever the reason is.

import { stat } from 'node:fs/promises'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { fetchToken, saveToken, type UnsavedToken } from './fetch-token.ts'
import type { OauthClient } from './oauth-client.ts'
import type { TokenFailure, TokenGrant } from './token-request.ts'

export type AccessToken =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface AccessTokens {
  /** A token that is valid now, or why there is none. Never rejects. */
  current(): Promise<AccessToken>
  /** Another token in place of one that a server refused, or why there is none. */
  replace(refused: string): Promise<AccessToken>
  /** What a server said about a token: null if it accepted it. */
  noteLogin(refusal: string | null): void
  /** Renews the token in time, and stores what could not be stored. */
  tick(): Promise<void>
  state(): TokenState
}

export interface TokenState {
  /** Why there is no new token; null if there is one. */
  readonly problem: string | null
  /** True if only an operator can end the problem. */
  readonly isPermanent: boolean
  /** Unix milliseconds at which the token ends; null without one. */
  readonly expiresAt: number | null
  /** What a mail server said about the last token; null if it accepted it. */
  readonly refusal: string | null
  /** A refresh token is only in memory. */
  readonly isUnsaved: boolean
}

export interface AccessTokenPorts {
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'after'>
  readonly log: Pick<Log, 'warn' | 'info'>
}

/** A token this close to its end may be refused by a clock that runs ahead. */
const SKEW_MS = 60_000
/** A token is renewed when this part of its life is left, at most 10 minutes: the token server may be down for a while. */
const EARLY_PART = 0.25
const EARLY_MS = 10 * 60_000
/** First and longest wait after a failure. */
const FIRST_RETRY_MS = 5000
const LONGEST_RETRY_MS = 5 * 60_000
/** A server that refuses fresh tokens must not cause a request for each message. */
const REPLACE_EVERY_MS = 60_000

interface Held {
  readonly token: string
  /** Monotonic. */
  readonly endsAt: number
  readonly renewAt: number
  /** Unix milliseconds. */
  readonly expiresAt: number
}

interface Failure {
  readonly cause: string
  readonly isPermanent: boolean
  readonly count: number
  /** Monotonic time of the next request. */
  readonly until: number
  /** The files at that time: a new secret is tried at once. */
  readonly files: string
}

export function createAccessTokens(client: OauthClient, ports: AccessTokenPorts): AccessTokens {
  return new TokenHolder(client, ports)
}

class TokenHolder implements AccessTokens {
  readonly #client: OauthClient
  readonly #ports: AccessTokenPorts
  readonly #unsaved: UnsavedToken = { token: null }
  #held: Held | null = null
  #failure: Failure | null = null
  #running: Promise<AccessToken> | null = null
  /** Monotonic. */
  #replacedAt: number | null = null
  #refusal: string | null = null

  constructor(client: OauthClient, ports: AccessTokenPorts) {
    this.#client = client
    this.#ports = ports
  }

  async current(): Promise<AccessToken> {
    const now = this.#ports.clock.monotonic()
    if (!this.#held || now >= this.#held.endsAt) return this.#ask()
    const { token, renewAt } = this.#held
    // The old one is good for a while: no mail waits for the new one.
    if (now >= renewAt) void this.#ask()
    return { kind: 'token', token }
  }

  async replace(refused: string): Promise<AccessToken> {
    if (this.#held !== null && this.#held.token !== refused) return this.current()
    const now = this.#ports.clock.monotonic()
    if (this.#replacedAt !== null && now - this.#replacedAt < REPLACE_EVERY_MS)
      return { kind: 'unavailable', cause: 'the server refuses access tokens that were granted just now' }
    this.#replacedAt = now
    this.#held = null
    return this.#ask()
  }

  noteLogin(refusal: string | null): void {
    this.#refusal = refusal
  }

  async tick(): Promise<void> {
    const { grant } = this.#client
    if (grant.kind === 'refresh-token') await saveToken(grant.tokenFile, this.#unsaved)
    await this.current()
  }

  state(): TokenState {
    return {
      problem: this.#failure?.cause ?? null,
      isPermanent: this.#failure?.isPermanent ?? false,
      expiresAt: this.#held?.expiresAt ?? null,
      refusal: this.#refusal,
      isUnsaved: this.#unsaved.token !== null,
    }
  }

  /** Asks unless the last failure says to wait. */
  async #ask(): Promise<AccessToken> {
    const failure = this.#failure
    if (this.#running || !failure) return this.#request()
    const isTime = this.#ports.clock.monotonic() >= failure.until
    const mayAsk = isTime || (await fingerprint(this.#client)) !== failure.files
    return mayAsk ? this.#request() : { kind: 'unavailable', cause: failure.cause }
  }

  /** One request at a time, whose result is for everything that asks until then. */
  #request(): Promise<AccessToken> {
    this.#running ??= this.#fetch().finally(() => (this.#running = null))
    return this.#running
  }

  async #fetch(): Promise<AccessToken> {
    const files = await fingerprint(this.#client)
    const outcome = await fetchToken(this.#client, this.#unsaved, this.#ports.clock)
    return outcome.kind === 'granted' ? this.#take(outcome) : this.#fail(outcome, files)
  }

  #take({ accessToken, lifeMs }: TokenGrant): AccessToken {
    const { clock, log } = this.#ports
    if (this.#failure) log.info({ client: this.#client.name }, 'the token server grants access tokens again')
    this.#failure = null
    this.#held = hold(accessToken, lifeMs, clock)
    return { kind: 'token', token: accessToken }
  }

  #fail(failure: TokenFailure, files: string): AccessToken {
    const { clock, log } = this.#ports
    const { cause, retryMs } = failure
    const isPermanent = failure.kind === 'refused' && permanentCodes.has(failure.code)
    const count = (this.#failure?.count ?? 0) + 1
    if (this.#failure?.cause !== cause)
      log.warn({ client: this.#client.name, cause }, 'no access token: mail for its servers is deferred')
    const wait = isPermanent ? LONGEST_RETRY_MS : Math.min(FIRST_RETRY_MS * 2 ** (count - 1), LONGEST_RETRY_MS)
    const until = clock.monotonic() + Math.max(wait, Math.min(retryMs ?? 0, MOST_RETRY_AFTER_MS))
    this.#failure = { cause, isPermanent, count, until, files }
    return { kind: 'unavailable', cause }
  }
}

/** A server may ask for patience, but not for days: the operator may have corrected the configuration there. */
const MOST_RETRY_AFTER_MS = 3_600_000

/** Errors that stay until an operator acts (RFC 6749 5.2; the last two are Microsoft's). */
const permanentCodes: ReadonlySet<string> = new Set([
  'no_login',
  'invalid_grant',
  'invalid_client',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'access_denied',
  'interaction_required',
  'consent_required',
])

function hold(token: string, lifeMs: number, clock: Pick<Clock, 'now' | 'monotonic'>): Held {
  const now = clock.monotonic()
  const early = Math.min(lifeMs * EARLY_PART, EARLY_MS)
  return {
    token,
    endsAt: now + Math.max(lifeMs - SKEW_MS, lifeMs / 2),
    renewAt: now + lifeMs - Math.max(early, Math.min(SKEW_MS * 2, lifeMs / 2)),
    expiresAt: clock.now() + lifeMs,
  }
}

/** Changes with every edit of the files that a request reads. */
async function fingerprint({ grant }: OauthClient): Promise<string> {
  const files =
    grant.kind === 'service-account'
      ? [grant.keyFile]
      : [grant.proof.secretFile, grant.kind === 'refresh-token' ? grant.tokenFile : null]
  const prints = files.map(async (file) => {
    if (file === null) return ''
    const { ino, size, mtimeMs } = await stat(file).catch(() => ({ ino: 0, size: 0, mtimeMs: 0 }))
    return [ino, size, mtimeMs].join()
  })
  return (await Promise.all(prints)).join(' ')
}
