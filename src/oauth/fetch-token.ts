// Gets one access token by the grant of a client, and stores a refresh token that the server replaced.

import { readFile } from 'node:fs/promises'
import type { Clock } from '../lib/clock.ts'
import { errorText } from '../lib/log.ts'
import type { Grant, OauthClient } from './oauth-client.ts'
import { readRefreshToken, unwritable, writeRefreshToken } from './refresh-token-file.ts'
import { createAssertion, readServiceAccount } from './service-account.ts'
import { type Form, requestToken, type TokenFailure, type TokenOutcome } from './token-request.ts'

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** A refresh token that could not be stored yet. Only its holder has it, and the server no longer accepts the one in the file. */
export interface UnsavedToken {
  token: string | null
}

/** Never rejects. */
export async function fetchToken(
  client: OauthClient,
  unsaved: UnsavedToken,
  clock: Pick<Clock, 'after' | 'now'>,
): Promise<TokenOutcome> {
  const { grant, scope } = client
  const withScope = (form: Form): Form => ({ ...form, ...(scope !== null && { scope }) })
  if (grant.kind === 'refresh-token') return refresh(client, grant, { unsaved, clock })
  if (grant.kind === 'client-credentials') {
    const form = withScope({ grant_type: 'client_credentials' })
    return requestToken({ ...client, url: client.tokenUrl, proof: grant.proof }, form, clock)
  }
  const assertion = await assert(client, grant, clock.now())
  if (typeof assertion !== 'string') return assertion
  return requestToken({ ...client, url: client.tokenUrl, proof: null }, { grant_type: JWT_BEARER, assertion }, clock)
}

async function assert(
  { scope, tokenUrl: audience }: OauthClient,
  { keyFile, subject }: Extract<Grant, { kind: 'service-account' }>,
  now: number,
): Promise<string | TokenFailure> {
  try {
    const account = readServiceAccount(await readFile(keyFile, 'utf8'))
    if (typeof account === 'string') return unavailable(`${keyFile}: ${account}`)
    return createAssertion(account, { audience, scope, subject, now })
  } catch (error) {
    return unavailable(`the key file cannot be read: ${errorText(error)}`)
  }
}

interface RefreshParts {
  readonly unsaved: UnsavedToken
  readonly clock: Pick<Clock, 'after' | 'now'>
}

async function refresh(
  client: OauthClient,
  { proof, tokenFile }: Extract<Grant, { kind: 'refresh-token' }>,
  { unsaved, clock }: RefreshParts,
): Promise<TokenOutcome> {
  const cause = await unwritable(tokenFile)
  if (cause !== null) return unavailable(cause)
  let token: string | null
  try {
    token = unsaved.token ?? (await readRefreshToken(tokenFile))
  } catch (error) {
    return unavailable(`the refresh token cannot be read: ${errorText(error)}`)
  }
  if (token === null) return { kind: 'refused', code: NO_LOGIN, cause: 'there is no refresh token yet', retryMs: null }
  // Without a scope the server grants the same as before (RFC 6749 6).
  const form = { grant_type: 'refresh_token', refresh_token: token }
  const outcome = await requestToken({ ...client, url: client.tokenUrl, proof }, form, clock)
  if (outcome.kind !== 'granted') return outcome
  if (outcome.refreshToken !== null && outcome.refreshToken !== token) unsaved.token = outcome.refreshToken
  await saveToken(tokenFile, unsaved)
  return outcome
}

/** The code of a client for which no login was made. */
const NO_LOGIN = 'no_login'

/** Stores the token if there is one. False if it is still not stored. */
export async function saveToken(tokenFile: string, unsaved: UnsavedToken): Promise<boolean> {
  const { token } = unsaved
  if (token === null) return true
  try {
    await writeRefreshToken(tokenFile, token)
    if (unsaved.token === token) unsaved.token = null
    return true
  } catch {
    // It stays in memory; health says so, and the next minute tries again.
    return false
  }
}

function unavailable(cause: string): TokenFailure {
  return { kind: 'unavailable', cause, retryMs: null }
}
