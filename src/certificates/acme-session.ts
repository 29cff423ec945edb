// Signed requests to a certificate authority (RFC 8555 6): directory, nonces, JWS with the key of the account.

import { createHash, createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import { exchange, type HttpAnswer, retryAfterMs } from '../lib/http-exchange.ts'
import { printable } from '../lib/printable.ts'
import { AcmeError } from './acme-error.ts'

/** The resources of RFC 8555 7.1.1, and that of RFC 9773. */
export interface AcmeDirectory {
  readonly newNonce: string
  readonly newAccount: string
  readonly newOrder: string
  /** Null: the authority gives no renewal information. */
  readonly renewalInfo: string | null
  /** Names of the profiles that it offers. */
  readonly profiles: readonly string[]
}

export interface AcmeAnswer {
  readonly status: number
  readonly body: string
  /** The Location field; empty without one. */
  readonly location: string
  readonly retryMs: number | null
}

export interface SessionSettings {
  readonly directoryUrl: string
  /** PEM of its authorities; null for the public ones. */
  readonly ca: string | null
  /** PEM of the key of the account, ECDSA P-256. */
  readonly accountKey: string
}

/** The authority may check names before it answers. */
const TIMEOUT_MS = 30_000
/** RFC 8555 6.5: a request with a bad nonce is sent again; authorities for tests reject some on purpose. */
const MOST_NONCES = 8
const PROBLEM_PREFIX = 'urn:ietf:params:acme:error:'

type Json = Readonly<Record<string, unknown>>

export class AcmeSession {
  readonly #settings: SessionSettings
  readonly #clock: Pick<Clock, 'after' | 'now'>
  #directory: AcmeDirectory | null = null
  #nonce: string | null = null
  /** The URL of the account; null before there is one. */
  #account: string | null = null

  constructor(settings: SessionSettings, clock: Pick<Clock, 'after' | 'now'>) {
    this.#settings = settings
    this.#clock = clock
  }

  useAccount(url: string): void {
    this.#account = url
  }

  async directory(): Promise<AcmeDirectory> {
    if (this.#directory) return this.#directory
    const answer = await this.#send('GET', this.#settings.directoryUrl, null)
    const read = objectIn(answer.body)
    const url = (name: string) => (typeof read[name] === 'string' ? read[name] : null)
    const [newNonce, newAccount, newOrder] = ['newNonce', 'newAccount', 'newOrder'].map(url)
    if (answer.status !== 200 || !newNonce || !newAccount || !newOrder)
      throw new AcmeError(`${this.#settings.directoryUrl} answered ${answer.status} without an ACME directory`)
    const { profiles } = (read['meta'] ?? {}) as { profiles?: object }
    this.#directory = {
      newNonce,
      newAccount,
      newOrder,
      renewalInfo: url('renewalInfo'),
      profiles: Object.keys(profiles ?? {}),
    }
    return this.#directory
  }

  /** A request without a signature. */
  async get(url: string): Promise<AcmeAnswer> {
    return answerOf(await this.#send('GET', url, null), this.#clock.now())
  }

  /** POST with a payload, or POST-as-GET with null (RFC 8555 6.3). Throws AcmeError for a problem document. */
  async post(url: string, payload: Json | null): Promise<AcmeAnswer> {
    for (let tries = 0; ; tries++) {
      const answer = await this.#send('POST', url, await this.#sign(url, payload))
      if (answer.status < 400) return answerOf(answer, this.#clock.now())
      const error = problemOf(answer, this.#clock.now())
      if (error.type !== 'badNonce' || tries >= MOST_NONCES) throw error
    }
  }

  /** Key authorization of a challenge (RFC 8555 8.1). */
  keyAuthorization(token: string): string {
    return `${token}.${thumbprint(this.#settings.accountKey)}`
  }

  /** The external account binding (RFC 8555 7.3.4). @param macKey base64url */
  async bindExternal(keyId: string, macKey: string): Promise<Json> {
    const { newAccount } = await this.directory()
    const input = `${encode({ alg: 'HS256', kid: keyId, url: newAccount })}.${encode(publicJwk(this.#settings.accountKey))}`
    const signature = createHmac('sha256', Buffer.from(macKey, 'base64url')).update(input).digest('base64url')
    const [header = '', payload = ''] = input.split('.')
    return { protected: header, payload, signature }
  }

  async #sign(url: string, payload: Json | null): Promise<string> {
    const { accountKey } = this.#settings
    const nonce = await this.#takeNonce()
    const identity = this.#account === null ? { jwk: publicJwk(accountKey) } : { kid: this.#account }
    const header = encode({ alg: 'ES256', nonce, url, ...identity })
    const content = payload === null ? '' : encode(payload)
    const key = { key: createPrivateKey(accountKey), dsaEncoding: 'ieee-p1363' } as const
    const signature = sign('sha256', Buffer.from(`${header}.${content}`), key).toString('base64url')
    return JSON.stringify({ protected: header, payload: content, signature })
  }

  async #takeNonce(): Promise<string> {
    const kept = this.#nonce
    this.#nonce = null
    if (kept !== null) return kept
    await this.#send('HEAD', (await this.directory()).newNonce, null)
    const fresh = this.#nonce
    if (fresh === null) throw new AcmeError('the authority gives no nonce')
    this.#nonce = null
    return fresh
  }

  async #send(method: 'GET' | 'HEAD' | 'POST', url: string, body: string | null): Promise<HttpAnswer> {
    // Other resources come from the authority: a wrong one must not lead to a cleartext host.
    if (!url.startsWith('https://')) throw new AcmeError(`found the URL ${url}, expected https`)
    const headers: Record<string, string> = body === null ? {} : { 'Content-Type': 'application/jose+json' }
    const { ca } = this.#settings
    const result = await exchange({ url, method, headers, body, ca, timeoutMs: TIMEOUT_MS }, this.#clock)
    if (result.kind === 'failed') throw new AcmeError(`${url}: ${result.cause}`)
    const nonce = result.headers['replay-nonce']
    if (typeof nonce === 'string' && /^[\w-]+$/.test(nonce)) this.#nonce = nonce
    return result
  }
}

/** The JSON object of an answer. */
export function objectIn(body: string): Json {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null) return value as Json
  } catch {
    // The same error as for JSON of another kind.
  }
  throw new AcmeError('the authority answered without a JSON object')
}

function answerOf(answer: HttpAnswer, now: number): AcmeAnswer {
  const { status, body, headers } = answer
  return { status, body, location: headers.location ?? '', retryMs: retryAfterMs(answer, now) }
}

function problemOf(answer: HttpAnswer, now: number): AcmeError {
  const retryMs = retryAfterMs(answer, now)
  try {
    const { type, message } = describeProblem(objectIn(answer.body))
    return new AcmeError(message, { retryMs, type })
  } catch {
    return new AcmeError(`the authority answered ${answer.status}`, { retryMs })
  }
}

/** A problem document as a type and a sentence (RFC 7807, RFC 8555 6.7). */
export function describeProblem(problem: Json): { readonly type: string; readonly message: string } {
  const type = typeof problem['type'] === 'string' ? problem['type'].replace(PROBLEM_PREFIX, '') : ''
  const detail = typeof problem['detail'] === 'string' ? problem['detail'] : ''
  return { type, message: printable([type, detail].filter(Boolean).join(': ')) }
}

function encode(value: Json): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function publicJwk(key: string): Json {
  const { crv, kty, x, y } = createPublicKey(key).export({ format: 'jwk' })
  // In the order of RFC 7638 3.3.
  return { crv, kty, x, y }
}

function thumbprint(key: string): string {
  return createHash('sha256')
    .update(JSON.stringify(publicJwk(key)))
    .digest('base64url')
}
