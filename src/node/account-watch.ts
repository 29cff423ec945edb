// What a running node keeps about its accounts: which messages came from them, and which of their recipients failed.

import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { ComplainedEvent, Event } from '../observe/events.ts'
import type { HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import { allNames, namesOfOrigin } from '../policy/account-name.ts'
import type { BrakeSettings } from '../policy/checks/account-brake.ts'
import type { AccountLimitSettings } from '../policy/checks/account-limits.ts'
import { BOUNCED_STATUS } from '../queue/contract/queue-control.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import { createNodeAccounts, type NodeAccounts } from '../state/account-store.ts'
import type { Brake } from '../state/brake-contract.ts'
import type { StateChannel } from '../state/thread/state-messages.ts'
import type { Usage } from '../state/usage-contract.ts'
import { accountLimits, brakeSettings } from '../wiring/account-settings.ts'
import { accountsPath } from '../wiring/node-paths.ts'
import { type AccountHolds, followAccountHolds } from './account-holds.ts'

export interface AccountWatch {
  readonly usage: Usage
  readonly brake: Brake
  readonly brakeSettings: () => BrakeSettings
  /** An account was put on hold: the queue follows. */
  readonly accountHeld: () => void
  readonly metric: GaugeSource
  /** The queue follows the holds that stand. Await it before anything is delivered. */
  start(): Promise<void>
  readonly sentBy: NodeAccounts['sentBy']
  readonly held: NodeAccounts['held']
  /** Ends a hold; the queue follows. */
  readonly release: NodeAccounts['release']
  readonly accountLimits: () => AccountLimitSettings | null
  readonly health: HealthCheck
  /** Follows a reload. */
  update(config: Config): void
  close(): Promise<void>
}

export interface AccountWatchPorts {
  readonly state: StateChannel
  readonly clock: Clock
  readonly queue: Pick<OpenQueue, 'subscribe' | 'control' | 'record'>
  readonly log: Pick<Log, 'warn' | 'info' | 'error'>
}

/** How often old rows are removed, some at a time: more than a thousand busy accounts make. */
const PURGE_INTERVAL_MS = 10_000

export function watchAccounts(config: Config, { state, clock, queue, log }: AccountWatchPorts): AccountWatch {
  const path = accountsPath(config)
  const accounts = createNodeAccounts(path, {
    channel: state,
    changed: (problem) => {
      if (problem === null) log.info({ file: path }, 'the state of accounts can be used again')
      else
        log.warn(
          { file: path, cause: problem },
          'the state of accounts cannot be used; mail of accounts with limits is deferred',
        )
    },
    setAside: ({ path: aside, cause }) =>
      log.error({ file: path, aside, cause }, 'the state of accounts is damaged; it was set aside and begins empty'),
  })
  const hasAccounts = config.listeners.some(({ admit }) => admit.includes('users') || admit.includes('machines'))
  // Other nodes have no accounts, and need no file.
  if (hasAccounts) void accounts.open()
  let limits = accountLimits(config)
  let braking = brakeSettings(config)
  const holds = followAccountHolds({ accounts, queue, clock, log })
  if (hasAccounts) queue.subscribe((events) => followMail(accounts, events))
  const purging = clock.every(PURGE_INTERVAL_MS, () => {
    if (hasAccounts) void accounts.purge(clock.now(), config.privacy.forget.accounts)
  })
  return {
    usage: accounts,
    sentBy: (account, view) => accounts.sentBy(account, view),
    held: () => accounts.held(),
    release: async (account, by) => following(holds, await accounts.release(account, by)),
    accountLimits: () => limits,
    brake: accounts,
    brakeSettings: () => braking,
    accountHeld: () => holds.due(),
    start: () => holds.start(),
    metric: {
      name: 'waypost_accounts_on_hold',
      help: 'Accounts and app passwords that are on hold.',
      labels: [],
      read: async () => [{ labels: {}, value: await accounts.standing() }],
    },
    health: {
      name: 'accounts',
      check: () =>
        accounts.problem === null
          ? { kind: 'ok' }
          : { kind: 'degraded', reason: `the limits of accounts are not known: ${accounts.problem}` },
    },
    update: (wanted) => {
      limits = accountLimits(wanted)
      braking = brakeSettings(wanted)
    },
    close: () => {
      purging.cancel()
      holds.close()
      return accounts.close()
    },
  }
}

/** The queue follows the end of a hold at once. */
function following(holds: Pick<AccountHolds, 'due'>, isEnded: boolean | null): boolean | null {
  if (isEnded) holds.due()
  return isEnded
}

function followMail(accounts: NodeAccounts, events: readonly Event[]): void {
  for (const event of events) {
    if (event.queueId === null) continue
    if (event.kind === 'received') {
      const names = namesOfOrigin(event.origin)
      if (names) void accounts.sent({ queueId: event.queueId, account: names.app ?? names.account, at: event.at })
    } else if (event.kind === 'complained') {
      countComplaint(accounts, event)
    } else if (event.kind === 'failed' && event.attempt > 0 && event.status !== BOUNCED_STATUS) {
      void countFailure(accounts, event.queueId, event.at)
    }
  }
}

/** Feedback types that do not say that the mail was unwanted (RFC 5965 7.3, RFC 6591). */
const notAgainst: ReadonlySet<string> = new Set(['not-spam', 'auth-failure'])

/** A complaint that nothing proves can be of anyone, so it says nothing about the account. */
function countComplaint(accounts: NodeAccounts, event: ComplainedEvent): void {
  const { account, queueId, isProven, feedback, provider, at } = event
  const names = account === null || !isProven || notAgainst.has(feedback) ? null : namesOfOrigin(account)
  if (names && queueId !== null) void accounts.complained({ names: allNames(names), provider, queueId, at })
}

async function countFailure(accounts: NodeAccounts, queueId: string, at: number): Promise<void> {
  const name = await accounts.senderOf(queueId)
  const names = name === null ? null : namesOfOrigin(name)
  if (names) await accounts.failed(allNames(names), at)
}
