// What a running node keeps about its clients: bans, and what accounts have sent; and the webhooks that inform of both.

import { type AlertWatch, watchAlerts } from './alert-watch.ts'
import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { EventLog } from '../observe/event-log.ts'
import type { DailyKey } from '../privacy/daily-key.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import type { StateChannel } from '../state/thread/state-messages.ts'
import { type AccountWatch, watchAccounts } from './account-watch.ts'
import { type BanWatch, watchBans } from './ban-watch.ts'
import { type WebhookWatch, watchWebhooks } from './webhook-watch.ts'

export interface ClientWatch {
  readonly bans: BanWatch
  readonly accounts: AccountWatch
  /** Null without targets. */
  readonly webhooks: WebhookWatch | null
  /** Null without `alerts`. */
  readonly alerts: AlertWatch | null
  /** Follows what the last run left. Await it before anything is delivered. */
  start(): Promise<void>
}

export interface ClientWatchPorts {
  readonly queue: OpenQueue
  readonly clock: Clock
  readonly budgets: Budgets
  readonly state: StateChannel
  readonly log: EventLog
  readonly hashKey: DailyKey
  readonly stops: AsyncDisposableStack
}

/** The stops end both, after the listeners. */
export function watchClients(config: Config, { stops, ...ports }: ClientWatchPorts): ClientWatch {
  const bans = watchBans(config, ports)
  stops.defer(() => bans.close())
  const accounts = watchAccounts(config, ports)
  stops.defer(() => accounts.close())
  const webhooks = watchWebhooks(config, ports)
  stops.defer(() => webhooks?.close())
  const alerts = watchAlerts(config, ports)
  stops.defer(() => alerts?.close())
  const start = async () => {
    await accounts.start()
    await webhooks?.start()
  }
  return { bans, accounts, webhooks, alerts, start }
}
