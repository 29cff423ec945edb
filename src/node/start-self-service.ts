// Starts the page for people, with what the running node knows and does.

import type { LastUses } from '../auth/last-uses.ts'
import type { LoginHistory } from '../auth/login-history.ts'
import { openSecondFactors } from '../auth/second-factors.ts'
import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Current } from '../lib/current.ts'
import { formatEndpoint } from '../lib/endpoint.ts'
import type { Log } from '../lib/log.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import type { SelfServicePorts } from '../self-service/service-ports.ts'
import { startSelfService } from '../self-service/self-service.ts'
import type { HttpsListener } from '../server/https-listener.ts'
import type { TlsMaterial } from '../server/tls-material.ts'
import { secondFactorsPath } from '../wiring/node-paths.ts'
import { selfServiceSettings } from '../wiring/self-service-settings.ts'
import type { AccountWatch } from './account-watch.ts'
import type { CurrentData } from './current-data.ts'
import type { OpenLogin } from './open-login.ts'
import { createPersonAppPasswords } from './person-app-passwords.ts'
import { createPersonPasswords, isWritable } from './person-passwords.ts'
import { sentView } from './sent-view.ts'
import type { SignInCount } from './sign-in-count.ts'
import type { SourceHolder } from './source-holder.ts'
import { StartFailure } from './start-failure.ts'

export interface SelfServiceParts {
  readonly login: OpenLogin | null
  readonly history: LoginHistory | null
  readonly appUse: LastUses
  readonly data: CurrentData
  readonly sources: SourceHolder
  readonly accounts: Pick<AccountWatch, 'sentBy' | 'brake'>
  readonly queue: Pick<OpenQueue, 'reader' | 'record'>
  readonly budgets: Budgets
  readonly signInCount: SignInCount
  readonly certificate: Current<TlsMaterial | null>
  readonly clock: Clock
  readonly log: Log
}

export interface SelfService extends Pick<HttpsListener, 'updateTls' | 'close'> {
  /** Takes what a reload changes. */
  update(config: Config): void
}

/** Addresses that the page shows. */
const MOST_SENDERS = 200

/** Null without `self_service`. Rejects if its address cannot be bound. */
export async function openSelfService(config: Config, parts: SelfServiceParts): Promise<SelfService | null> {
  const settings = selfServiceSettings(config)
  const { login, history, budgets, clock, certificate, log } = parts
  if (!settings || !login || !history) return null
  let active = config
  const https = {
    certificate,
    clock,
    log,
    connections: budgets.pool('pageConnections'),
    requests: budgets.rate('pageRequests'),
  }
  const ports = portsOf(() => active, { ...parts, login, history })
  const places = budgets.pool('pageSessions')
  const listener = await startSelfService(settings, { ...ports, https, places }).catch((error: Error) => {
    const message = `self_service.listen: cannot listen on ${formatEndpoint(settings)}: ${error.message}`
    throw new StartFailure(['self_service', 'listen'], message, error)
  })
  await warnOfReadOnly(config, log)
  return {
    updateTls: () => listener.updateTls(),
    close: () => listener.close(),
    update: (wanted) => {
      active = wanted
    },
  }
}

interface PortParts extends SelfServiceParts {
  readonly login: OpenLogin
  readonly history: LoginHistory
}

function portsOf(config: () => Config, parts: PortParts): SelfServicePorts {
  const { login, history, data, accounts, queue, budgets, clock, log } = parts
  return {
    clock,
    log,
    login: login.page,
    history: knownOnly(history, data),
    factors: openSecondFactors(secondFactorsPath(config()), clock),
    passwords: createPersonPasswords({
      ...parts,
      config,
      hasher: login.hasher,
      changed: (account) => login.changed(account),
    }),
    apps: createPersonAppPasswords({ ...parts, config }),
    senders: async (identity) => {
      // No address: the answer has all that are allowed.
      const answer = await data.router.maySendAs({ kind: 'user', identity }, '')
      return answer.kind === 'no'
        ? { kind: 'known', addresses: answer.allowed.slice(0, MOST_SENDERS) }
        : { kind: 'unavailable' }
    },
    sent: (identity, before) => sentView({ accounts, reader: queue.reader }, identity, before),
    holds: async (identity) => {
      const labels = data.apps.map(({ label }) => label)
      const apps = [...new Set(labels)].map((label) => `user:${identity} (app ${label})`)
      const answer = await accounts.brake.holds([`user:${identity}`, ...apps])
      if (answer.kind === 'unavailable') return null
      return answer.holds.map(({ at, reason, account }) => ({
        since: at,
        reason,
        app: /\(app (.*)\)$/s.exec(account)?.[1] ?? null,
      }))
    },
    changed: ({ identity, change, ip, app }) => {
      const event = { at: clock.now(), queueId: null, account: `user:${identity}`, change, by: 'self-service', ip }
      queue
        .record([{ kind: 'account-changed', ...event, ...(app === undefined ? {} : { app }) }])
        .catch((error: unknown) => log.bug(error, 'the record of a change at the page'))
    },
    signedIn: parts.signInCount.logging(log, budgets.rate('logLines')),
    codes: budgets.rate('wrongCodes'),
  }
}

/** Strangers must not fill the history with names that do not exist. */
export function knownOnly(history: LoginHistory, { people }: Pick<CurrentData, 'people'>): LoginHistory {
  return {
    ...history,
    failed: (identity, source) => {
      const isKnown = people.known(identity).kind === 'found' || history.of(identity).logins.length > 0
      if (isKnown) history.failed(identity, source)
    },
  }
}

async function warnOfReadOnly({ users, app_passwords: apps }: Config, log: Pick<Log, 'warn'>): Promise<void> {
  for (const [key, file] of [
    ['users', users],
    ['app_passwords', apps],
  ] as const)
    if (file !== undefined && !(await isWritable(file)))
      log.warn({ file }, `the page for people cannot change this file (${key}): the node may not write to its folder`)
}
