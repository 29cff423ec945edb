// What commands ask of a running node: requests on the control socket, and orders left in files.

import { z } from 'zod'
import { startControl } from './control-socket.ts'
import type { DeliveryEngine } from '../delivery/engine.ts'
import type { FileGuard } from '../directory/snapshots/file-guard.ts'
import type { Log } from '../lib/log.ts'
import { controlSocketPath } from '../wiring/node-paths.ts'
import type { CertificateWatch } from './certificate-watch.ts'
import type { ProbeWatch } from './probe-watch.ts'
import type { CertificateUsers } from './use-certificate.ts'
import type { KeyWatch } from './key-watch.ts'
import { userNames } from '../privacy/person.ts'
import { eraseLogins, type LoginFile } from './login-files.ts'
import type { Reloader, ReloaderParts } from './reloader.ts'

/** How soon the order of an operator to accept the files is seen. */
const ORDERS_INTERVAL_MS = 1000

export interface AnswerParts extends Pick<ReloaderParts, 'config' | 'clock' | 'log'>, CertificateUsers {
  readonly reloader: Reloader
  readonly engine: Pick<DeliveryEngine, 'waits'>
  readonly status: () => Promise<object>
  /** Null without `tls.acme`. */
  readonly certificates: CertificateWatch | null
  readonly keys: Pick<KeyWatch, 'start' | 'useNow'>
  /** Null without the section `probe`. */
  readonly probe: Pick<ProbeWatch, 'requests'> | null
  /** Files of logins, which the node has in memory. */
  readonly loginFiles: readonly LoginFile[]
}

/** Answers the requests of commands until the drain. */
export async function answerCommands(parts: AnswerParts, stops: AsyncDisposableStack): Promise<void> {
  const { config, clock, log, reloader, engine, certificates, keys, status, probe, loginFiles } = parts
  await certificates?.start(parts)
  keys.start(parts)
  const requests = new Map<string, (argument: string) => Promise<object>>([
    ['reload', () => reloader.reload()],
    ['waits', () => engine.waits()],
    ['status', status],
    ['erase-logins', async (name) => ({ files: await eraseLogins(loginFiles, userNames(name, config.domain)) })],
    ...certificateRequests(certificates),
    ['certificate-use', (order) => useNow(keys, order)],
    ...(probe?.requests ?? []),
  ])
  const control = await startControl(controlSocketPath(config), { clock, log, requests })
  stops.defer(() => control.close())
}

const orderSchema = z.object({ by: z.string(), reason: z.string() })

/** An order of an operator to use what waits for the DNS. */
async function useNow(keys: Pick<KeyWatch, 'useNow'>, order: string): Promise<object> {
  try {
    return await keys.useNow(orderSchema.parse(JSON.parse(order)))
  } catch {
    return { kind: 'failed', text: 'the order has no name or no reason' }
  }
}

/** Those of `waypost certificates`. */
function certificateRequests(certificates: CertificateWatch | null): [string, () => Promise<object>][] {
  const none = { kind: 'failed', text: 'an operator renews the certificate of this node: tls.acme is not set' }
  return [
    ['certificate-renew', async () => certificates?.renew() ?? none],
    ['certificate-rotate', async () => certificates?.rotate(false) ?? none],
    ['certificate-rotate-now', async () => certificates?.rotate(true) ?? none],
  ]
}

/** Looks for the order of an operator to accept what the guard has refused, and reloads. */
export function followOrders(reloader: Reloader, { guard, clock, log, stops }: OrderParts): void {
  const orders = clock.every(ORDERS_INTERVAL_MS, () => lookForOrder(guard, reloader, log))
  stops.defer(() => orders.cancel())
}

interface OrderParts extends Pick<ReloaderParts, 'clock' | 'log'> {
  readonly guard: FileGuard
  readonly stops: AsyncDisposableStack
}

/** An operator has accepted what the guard refused: the files are read again. */
function lookForOrder(guard: FileGuard, reloader: Reloader, log: Log): void {
  if (guard.doubt() === null) return
  const reload = async () => {
    if (await guard.hasOrder()) await reloader.reload()
  }
  reload().catch((error: unknown) => log.bug(error, 'order to accept the files'))
}
