// waypost queue drain: transfers the queue of a running or stopped node to another node, exactly once, or aborts transfers that the other
// node does not confirm. Exit code 1 if messages remain here.

import { remoteSettings } from '../../wiring/transfer-settings.ts'
import type { Config } from '../../config/config.ts'
import { type TransferReport, transferWholeQueue } from '../../queue/transfer/transfer-whole-queue.ts'
import { failed, type Receiver } from '../../queue/transfer/receiver.ts'
import { createRemoteReceiver, type RemoteReceiver } from '../../queue/transfer/remote-receiver.ts'
import { abortPendingTransfers } from '../../queue/transfer/abort-pending-transfers.ts'
import { commandClock } from '../../lib/clock.ts'
import { readEndpoint } from '../../lib/endpoint.ts'
import { systemRandom } from '../../lib/random.ts'
import { requireQueue } from '../../queue/sqlite/database/database.ts'
import { lockTransfers } from '../../queue/sqlite/database/process-locks.ts'
import { TransferSource } from '../../queue/transfer/transfer-source.ts'
import { DirectStore } from '../../queue/sqlite/direct-store.ts'
import { FAILED, json, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { withQueueDirectory } from './with-queue.ts'

interface Common {
  readonly config: string
  readonly by: string
  readonly json: boolean
  /** SHA-256 of the certificate or key of the other node, as hex digits. */
  readonly fingerprints: readonly string[]
}

export interface DrainOptions extends Common {
  /** HOST:PORT of the `queue_transfer` listener of the other node. */
  readonly to: string
  /** Time limit for running attempts and for a node that does not answer, in milliseconds. */
  readonly patienceMs: number
}

export interface AbortOptions extends Common {
  /** Do not ask the other node, which may have the messages. */
  readonly force: boolean
}

export function queueDrain(options: DrainOptions, io: Io): Promise<number> | number {
  return withQueueDirectory(options.config, io, (directory, config) => {
    const remote = remoteAt(config, options.to, options.fingerprints)
    if (typeof remote === 'string') return usage(io, remote)
    return withTransferSource(directory, async (from) => {
      const { by, patienceMs } = options
      const settings = { node: config.hostname, by, address: options.to, patienceMs }
      const report = await transferWholeQueue({ from, to: remote, clock: commandClock }, settings)
      remote.close()
      return printReport(report, { ...options, left: from.countMessages().messages }, io)
    })
  })
}

export function queueAbort(options: AbortOptions, io: Io): Promise<number> | number {
  return withQueueDirectory(options.config, io, (directory, config) =>
    withTransferSource(directory, async (from) => {
      const remotes: RemoteReceiver[] = []
      const receiver = (address: string): Receiver => {
        const remote = remoteAt(config, address, options.fingerprints)
        if (typeof remote === 'string') return unreachable(remote)
        remotes.push(remote)
        return remote
      }
      const report = await abortPendingTransfers({ from, receiver: options.force ? null : receiver, by: options.by })
      for (const remote of remotes) remote.close()
      if (options.json) json(io.stdout, report)
      else {
        line(
          io.stdout,
          `${report.remaining} messages returned to this queue, ${report.moved} confirmed by the other node`,
        )
        for (const { address, cause, messages } of report.unanswered)
          line(
            io.stderr,
            `${messages} messages stay frozen: ${address} does not answer (${cause}); run the command again, or with --force`,
          )
      }
      return report.unanswered.length > 0 ? FAILED : OK
    }),
  )
}

async function withTransferSource(directory: string, use: (from: TransferSource) => Promise<number>): Promise<number> {
  const now = () => commandClock.now()
  requireQueue(directory)
  const lock = lockTransfers(directory)
  try {
    const from = new TransferSource(DirectStore.either(directory, now()), { now, random: systemRandom })
    try {
      return await use(from)
    } finally {
      from.close()
    }
  } finally {
    lock.close()
  }
}

/** The receiver, or an error of the command line or configuration. */
function remoteAt(config: Config, to: string, fingerprints: readonly string[]): RemoteReceiver | string {
  const endpoint = readEndpoint(to)
  if (!endpoint) return `--to: found ${to}, expected a host and port such as srs-02.example.org:4465`
  const { host, port } = endpoint
  const settings = remoteSettings(config, { host: host.toLowerCase(), port, fingerprints })
  if (settings) return createRemoteReceiver(settings)
  return config.tls
    ? `found no fingerprint of ${host}, expected --fingerprint, fingerprints in peers, or tls.ca`
    : 'tls: found nothing, expected a certificate and a key: the other node authenticates this one'
}

function unreachable(cause: string): Receiver {
  const error = () => Promise.resolve(failed(cause, true))
  return { identify: error, offer: error, refuse: error }
}

function usage(io: Io, problem: string): Promise<number> {
  line(io.stderr, problem)
  return Promise.resolve(USAGE)
}

/** Prints the result of a transfer. */
export function printReport(
  report: TransferReport,
  about: { readonly to: string; readonly json: boolean; readonly left: number },
  io: Io,
): number {
  const { to, left } = about
  if (about.json) json(io.stdout, { ...report, left })
  else {
    line(io.stdout, `${report.moved} messages moved to ${report.to ?? to}, ${left} remain here`)
    for (const { queueId, reason } of report.remaining) line(io.stderr, `${queueId} remains: ${reason}`)
    if (report.attempting > 0) line(io.stderr, `${report.attempting} messages remain: an attempt is running`)
    if (report.error !== null) line(io.stderr, `the transfer ended early: ${report.error}`)
    if (report.unanswered > 0)
      line(
        io.stderr,
        `${report.unanswered} messages are frozen until the other node confirms or denies them; run the command again`,
      )
  }
  return left === 0 && report.error === null ? OK : FAILED
}
