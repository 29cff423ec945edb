// One request to the token endpoint (RFC 6749 3.2, 5.1, 5.2).

import { readFile } from 'node:fs/promises'
import type { Clock } from '../lib/clock.ts'
import { exchange, type HttpAnswer, retryAfterMs } from '../lib/http-exchange.ts'
import { errorText } from '../lib/log.ts'
import { printable } from '../lib/printable.ts'
import type { ClientProof, OauthClient } from './oauth-client.ts'

export interface TokenGrant {
  readonly kind: 'granted'
  readonly accessToken: string
  /** Ms from now. */
  readonly lifeMs: number
  /** The one to use from now on; null if it stays. */
  readonly refreshToken: string | null
}

export type TokenFailure =
  /** An error of RFC 6749 5.2: `code` is its name. */
  | { readonly kind: 'refused'; readonly code: string; readonly cause: string; readonly retryMs: number | null }
  /** No answer, or one that says nothing about the configuration. */
  | { readonly kind: 'unavailable'; readonly cause: string; readonly retryMs: number | null }

export type TokenOutcome = TokenGrant | TokenFailure

export type Form = Readonly<Record<string, string>>

/** RFC 6749 5.1 recommends `expires_in`. A server that leaves it out gives tokens for an hour or so. */
const LIFE_WITHOUT_NUMBER_MS = 5 * 60_000
/** A token that lives longer is fetched again all the same: the operator learns in time that it is no longer granted. */
const MOST_LIFE_MS = 24 * 3_600_000
/** Characters of a description that a log line gets. */
const MOST_DESCRIPTION = 400

/** Sends a form with the proof of the client. Never rejects. */
export async function requestToken(
  client: Pick<OauthClient, 'ca' | 'timeoutMs'> & { readonly url: string; readonly proof: ClientProof | null },
  form: Form,
  clock: Pick<Clock, 'after' | 'now'>,
): Promise<TokenOutcome> {
  const answer = await postForm(client, form, clock)
  return answer.kind === 'answer' ? readTokenAnswer(answer, clock.now()) : answer
}

/** The same for another endpoint, which shares the rules of the request. */
export async function postForm(
  { url, proof, ca, timeoutMs }: Parameters<typeof requestToken>[0],
  form: Form,
  clock: Pick<Clock, 'after'>,
): Promise<HttpAnswer | Extract<TokenFailure, { kind: 'unavailable' }>> {
  let secret: string | null = null
  try {
    if (proof?.secretFile) secret = await readFirstLine(proof.secretFile)
  } catch (error) {
    return { kind: 'unavailable', cause: `the secret of the client cannot be read: ${errorText(error)}`, retryMs: null }
  }
  const isBasic = proof?.place === 'basic' && secret !== null
  const identity: Form =
    proof === null || isBasic ? {} : { client_id: proof.clientId, ...(secret && { client_secret: secret }) }
  const result = await exchange(
    {
      url,
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        Accept: 'application/json',
        ...(isBasic && { Authorization: `Basic ${basic(proof.clientId, secret ?? '')}` }),
      },
      body: new URLSearchParams({ ...form, ...identity }).toString(),
      ca,
      timeoutMs,
    },
    clock,
  )
  return result.kind === 'answer' ? result : { kind: 'unavailable', cause: `${url}: ${result.cause}`, retryMs: null }
}

/** Reads an answer of the token endpoint. @param now Unix milliseconds */
export function readTokenAnswer(answer: HttpAnswer, now: number): TokenOutcome {
  const retryMs = retryAfterMs(answer, now)
  const read = readJson(answer.body)
  const { status } = answer
  if (status >= 200 && status < 300) {
    const accessToken = textOf(read?.['access_token'])
    const type = textOf(read?.['token_type']) ?? 'Bearer'
    if (accessToken === null || type.toLowerCase() !== 'bearer')
      return { kind: 'unavailable', cause: `the token endpoint answered ${status} without a bearer token`, retryMs }
    // What a command line of SMTP could not carry, or could be broken with (RFC 6750 2.1).
    if (!/^[\w~+/.-]+=*$/.test(accessToken))
      return { kind: 'unavailable', cause: 'the token endpoint granted a malformed access token', retryMs }
    const refreshToken = textOf(read?.['refresh_token'])
    return { kind: 'granted', accessToken, lifeMs: lifeOf(read?.['expires_in']), refreshToken }
  }
  const code = textOf(read?.['error'])
  if (code === null || status >= 500 || status === 429)
    return {
      kind: 'unavailable',
      cause: `the token endpoint answered ${status}${code === null ? '' : ` (${printable(code)})`}`,
      retryMs,
    }
  const description = textOf(read?.['error_description']) ?? ''
  const cause = printable(
    [code, description].filter(Boolean).join(': ').replace(/\s+/g, ' ').slice(0, MOST_DESCRIPTION),
  )
  return { kind: 'refused', code, cause, retryMs }
}

/** The first line of a file. Rejects if it is empty. */
export async function readFirstLine(file: string): Promise<string> {
  const [line = ''] = (await readFile(file, 'utf8')).split(/\r?\n/)
  if (line === '') throw new Error(`found nothing on the first line of ${file}`)
  return line
}

/** The object of a JSON text; null for anything else. */
export function readJson(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

function lifeOf(seconds: unknown): number {
  const number = Number(seconds)
  return seconds !== undefined && Number.isFinite(number) && number > 0
    ? Math.min(number * 1000, MOST_LIFE_MS)
    : LIFE_WITHOUT_NUMBER_MS
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

/** RFC 6749 2.3.1: both parts are encoded as in a form. */
function basic(id: string, secret: string): string {
  const encode = (part: string) => new URLSearchParams({ x: part }).toString().slice(2)
  return Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')
}
