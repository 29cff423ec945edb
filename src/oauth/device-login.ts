// The login by device (RFC 8628): a person opens a page, enters a code and logs in there. The refresh token that the server then grants is
// stored for the node.

import type { Clock } from '../lib/clock.ts'
import type { ClientProof, OauthClient } from './oauth-client.ts'
import { type Form, postForm, readJson, readTokenAnswer } from './token-request.ts'

export interface DeviceCode {
  readonly kind: 'code'
  /** Where the person logs in, and what is to be entered there. */
  readonly page: string
  readonly userCode: string
  readonly deviceCode: string
  /** Ms. */
  readonly lifeMs: number
  readonly intervalMs: number
}

export interface DeviceFailure {
  readonly kind: 'failed'
  readonly cause: string
}

export interface DeviceRequest {
  readonly client: OauthClient
  readonly proof: ClientProof
  readonly deviceUrl: string
}

/** RFC 8628 3.2: without a number the client waits for 5 s. 3.5: each `slow_down` adds 5 s. */
const INTERVAL_MS = 5000
/** A person needs some minutes; a longer wait is a forgotten command. */
const MOST_LIFE_MS = 30 * 60_000
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** Asks for a code (RFC 8628 3.1). Never rejects. */
export async function requestDeviceCode(
  { client, proof, deviceUrl: url }: DeviceRequest,
  clock: Pick<Clock, 'after' | 'now'>,
): Promise<DeviceCode | DeviceFailure> {
  const { scope } = client
  const answer = await postForm({ ...client, url, proof: withId(proof) }, scope === null ? {} : { scope }, clock)
  if (answer.kind !== 'answer') return { kind: 'failed', cause: answer.cause }
  const read = readJson(answer.body)
  const page = read?.['verification_uri'] ?? read?.['verification_url']
  const { device_code: deviceCode, user_code: userCode, expires_in: life, interval } = read ?? {}
  if (
    answer.status !== 200 ||
    typeof deviceCode !== 'string' ||
    typeof userCode !== 'string' ||
    typeof page !== 'string'
  ) {
    const refused = readTokenAnswer(answer, clock.now())
    return { kind: 'failed', cause: 'cause' in refused ? refused.cause : `${url} answered without a code` }
  }
  const lifeMs = Math.min(MOST_LIFE_MS, numberOr(life, MOST_LIFE_MS / 1000) * 1000)
  return { kind: 'code', page, userCode, deviceCode, lifeMs, intervalMs: numberOr(interval, INTERVAL_MS / 1000) * 1000 }
}

/** Asks until the person has logged in (RFC 8628 3.4 and 3.5). The refresh token, or why there is none. */
export async function awaitDeviceLogin(
  { client, proof }: DeviceRequest,
  code: DeviceCode,
  clock: Pick<Clock, 'after' | 'now' | 'monotonic' | 'sleep'>,
): Promise<{ readonly kind: 'granted'; readonly refreshToken: string } | DeviceFailure> {
  const end = clock.monotonic() + code.lifeMs
  const form: Form = { grant_type: DEVICE_GRANT, device_code: code.deviceCode }
  let interval = code.intervalMs
  while (clock.monotonic() + interval < end) {
    await clock.sleep(interval)
    const answer = await postForm({ ...client, url: client.tokenUrl, proof: withId(proof) }, form, clock)
    const outcome = answer.kind === 'answer' ? readTokenAnswer(answer, clock.now()) : answer
    if (outcome.kind === 'granted') {
      if (outcome.refreshToken !== null) return { kind: 'granted', refreshToken: outcome.refreshToken }
      return { kind: 'failed', cause: 'the server granted no refresh token: the scope may need offline_access' }
    }
    const isPending = outcome.kind === 'refused' && outcome.code === 'authorization_pending'
    // RFC 8628 3.5: a connection that timed out is a reason to slow down too.
    if (outcome.kind === 'unavailable' || outcome.code === 'slow_down') interval += INTERVAL_MS
    else if (!isPending) return { kind: 'failed', cause: outcome.cause }
  }
  return { kind: 'failed', cause: 'the code expired before the login' }
}

/** RFC 8628 3.1 and 3.4 have the name of the client in the form. */
function withId(proof: ClientProof): ClientProof {
  return { ...proof, place: 'post' }
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && value > 0 ? value : otherwise
}
