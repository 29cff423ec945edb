// The OAuth clients of a running node: their tokens are fetched at the start and kept fresh, so that an operator learns that a client is
// refused before mail waits for it.

import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { printable } from '../lib/printable.ts'
import { type AccessTokens, createAccessTokens, type TokenState } from '../oauth/access-tokens.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import { oauthClients } from '../wiring/oauth-client-settings.ts'

export interface OauthWatch {
  /** By the name of the client. */
  readonly tokens: ReadonlyMap<string, AccessTokens>
  readonly health: HealthCheck
  readonly metrics: readonly GaugeSource[]
  close(): void
}

export interface OauthWatchPorts {
  readonly clock: Clock
  readonly log: Pick<Log, 'warn' | 'info' | 'bug'>
}

const TICK_MS = 60_000
const DAY_MS = 86_400_000
/** A new secret needs an administrator of the other side. */
const SECRET_WARNING_MS = 30 * DAY_MS

interface Running {
  readonly name: string
  readonly tokens: AccessTokens
  /** Unix milliseconds; null if it is not known. */
  readonly secretExpires: number | null
  readonly isLogin: boolean
}

/** Starts to fetch tokens. Null without clients. */
export function watchOauth(config: Config, { clock, log }: OauthWatchPorts): OauthWatch | null {
  const running = oauthClients(config).map(
    (client): Running => ({
      name: client.name,
      tokens: createAccessTokens(client, { clock, log }),
      secretExpires: config.oauth_clients[client.name]?.client_secret_expires ?? null,
      isLogin: client.grant.kind === 'refresh-token',
    }),
  )
  if (running.length === 0) return null
  const tick = () => {
    for (const { tokens } of running) tokens.tick().catch((error: unknown) => log.bug(error, 'access tokens'))
  }
  const first = clock.after(0, tick)
  const ticks = clock.every(TICK_MS, tick)
  return {
    tokens: new Map(running.map(({ name, tokens }) => [name, tokens])),
    health: { name: 'oauth', check: () => healthOf(running, clock.now()) },
    metrics: metricsOf(running),
    close: () => {
      first.cancel()
      ticks.cancel()
    },
  }
}

function healthOf(running: readonly Running[], now: number): Health {
  const reasons = running.flatMap((one) => reasonsOf(one, one.tokens.state(), now))
  return reasons.length === 0 ? { kind: 'ok' } : { kind: 'degraded', reason: reasons.join('; ') }
}

function reasonsOf({ name, secretExpires, isLogin }: Running, state: TokenState, now: number): string[] {
  const { problem, isPermanent, refusal, isUnsaved } = state
  const todo = !isPermanent
    ? ''
    : isLogin
      ? `; run waypost oauth login ${name}`
      : '; correct oauth_clients or its files'
  const left = secretExpires === null ? null : Math.floor((secretExpires - now) / DAY_MS)
  return [
    ...(problem === null ? [] : [`${name}: no access token: ${problem}${todo}`]),
    ...(refusal === null ? [] : [`${name}: a mail server refuses its access tokens: ${printable(refusal)}`]),
    ...(isUnsaved ? [`${name}: its new refresh token cannot be written and is lost at a restart`] : []),
    ...(left === null || left * DAY_MS > SECRET_WARNING_MS
      ? []
      : [
          left < 0
            ? `${name}: the secret of the client has expired`
            : `${name}: the secret of the client expires in ${left} days`,
        ]),
  ]
}

function metricsOf(running: readonly Running[]): readonly GaugeSource[] {
  const perClient = (read: (one: Running) => number | null) => () =>
    running.flatMap((one) => {
      const value = read(one)
      return value === null ? [] : [{ labels: { client: one.name }, value }]
    })
  return [
    {
      name: 'waypost_oauth_token_expiry_timestamp_seconds',
      help: 'Unix time at which the access token of a client of `oauth_clients` ends; none without a token.',
      labels: ['client'],
      read: perClient(({ tokens }) => {
        const { expiresAt } = tokens.state()
        return expiresAt === null ? null : expiresAt / 1000
      }),
    },
    {
      name: 'waypost_oauth_client_works',
      help: 'Whether a client of `oauth_clients` got an access token at its last request, and the mail server accepted it: 1 or 0.',
      labels: ['client'],
      read: perClient(({ tokens }) => {
        const { problem, refusal } = tokens.state()
        return problem === null && refusal === null ? 1 : 0
      }),
    },
    {
      name: 'waypost_oauth_secret_expiry_timestamp_seconds',
      help: 'Unix time of `client_secret_expires` of a client of `oauth_clients`; none without it.',
      labels: ['client'],
      read: perClient(({ secretExpires }) => (secretExpires === null ? null : secretExpires / 1000)),
    },
  ]
}
