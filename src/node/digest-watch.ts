// Sends the weekly digest of a running node by mail and to webhooks. What was sent is in a file; a digest that was interrupted is sent by the next
// start, and mail that was queued already is found by its Message-ID, so that each digest is sent once.

import { readFile } from 'node:fs/promises'
import { providerOf } from '../alerts/blocked-providers.ts'
import type { Config } from '../config/config.ts'
import { digestMail, digestMessageId } from '../digest/digest-mail.ts'
import { lastDue, weekBefore } from '../digest/digest-schedule.ts'
import { digestLines, digestSummary } from '../digest/digest-text.ts'
import { type Digest, gatherDigest } from '../digest/gather-digest.ts'
import type { FleetClient } from '../fleet-view/fleet-client.ts'
import type { NodeStatus } from '../fleet-view/node-status.ts'
import type { Intake } from '../intake/intake.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import { replaceFile } from '../lib/replace-file.ts'
import type { OpenQueue } from '../queue/contract/opened-queue.ts'
import { digestPath } from '../wiring/node-paths.ts'
import type { WebhookWatch } from './webhook-watch.ts'

export interface DigestPorts {
  readonly queue: Pick<OpenQueue, 'accept' | 'reader'>
  readonly intake: Pick<Intake, 'prepare'>
  readonly status: () => Promise<NodeStatus>
  /** Null if no other node is known. */
  readonly fleet: Pick<FleetClient, 'statuses'> | null
  /** Null without webhooks. */
  readonly webhooks: Pick<WebhookWatch, 'send'> | null
  readonly clock: Clock
  readonly log: Pick<Log, 'warn' | 'info' | 'error' | 'bug'>
}

/** How often the time is looked at. */
const LOOK_MS = 60_000
/** The first look after a start: the node is ready by then, and a digest that was interrupted is late already. */
const FIRST_LOOK_MS = 5_000

/** Null without `digest`. */
export function watchDigest(config: Config, ports: DigestPorts): { close(): Promise<void> } | null {
  const { digest: settings } = config
  if (!settings) return null
  const { clock, log } = ports
  const file = digestPath(config)
  const look = async () => {
    const due = lastDue(settings, clock.now())
    const sent = await readSent(file)
    if (sent !== null && sent >= due) return
    // The first week of a node has no digest: its ledger does not begin with the week.
    if (sent !== null) await send(config, { from: weekBefore(settings, due), due }, ports)
    await replaceFile(file, `${JSON.stringify({ sent: due })}\n`)
    if (sent !== null) log.info({ due: new Date(due).toISOString() }, 'the weekly digest was sent')
  }
  let running: Promise<void> | null = null
  let lastProblem: string | null = null
  const begin = () => {
    running ??= look()
      .then(() => void (lastProblem = null))
      .catch((error: unknown) => {
        const cause = errorText(error)
        if (cause !== lastProblem) log.warn({ cause }, 'the weekly digest cannot be sent; it is tried again')
        lastProblem = cause
      })
      .finally(() => (running = null))
  }
  const timers = [clock.after(FIRST_LOOK_MS, begin), clock.every(LOOK_MS, begin)]
  return {
    close: async () => {
      for (const timer of timers) timer.cancel()
      await running
    },
  }
}

/** The due time of the last digest, unix ms; null before the first one. */
async function readSent(file: string): Promise<number | null> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return null
  try {
    const { sent } = JSON.parse(text) as { sent?: unknown }
    return typeof sent === 'number' ? sent : null
  } catch {
    return null
  }
}

async function send(
  config: Config,
  { from, due }: { readonly from: number; readonly due: number },
  ports: DigestPorts,
): Promise<void> {
  const { queue, status, fleet, webhooks } = ports
  const digest = await gatherDigest({
    node: config.hostname,
    from,
    to: due,
    reader: queue.reader,
    status: await status(),
    fleet: (await fleet?.statuses()) ?? [],
    providerOf,
  })
  const { to = null, webhooks: names = [] } = config.digest ?? {}
  if (to !== null) await sendMail(config, { digest, to, due }, ports)
  if (names.length > 0) {
    const key = `digest ${config.hostname} ${due}`
    const text = digestSummary(digest)
    const body = JSON.stringify({ id: key, node: config.hostname, text, lines: digestLines(digest), digest })
    await webhooks?.send(names, { key, body, at: ports.clock.now() })
  }
}

async function sendMail(
  { hostname, postmaster }: Config,
  { digest, to, due }: { readonly digest: Digest; readonly to: string; readonly due: number },
  { queue, intake, clock, log }: DigestPorts,
): Promise<void> {
  const messageId = digestMessageId(hostname, due)
  const { events } = await queue.reader.trace(messageId, { limit: 1 })
  if (events.length > 0) return
  const mail = digestMail(digest, { from: postmaster, to, messageId, at: clock.now() })
  const message = await intake.prepare({ ...mail, recipient: to, smtputf8: false })
  if (message === null) log.error({ to }, 'the weekly digest has no route to its address')
  else await queue.accept(message, { claim: false })
}
