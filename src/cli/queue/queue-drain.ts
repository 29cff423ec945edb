// waypost queue drain: hands the queue of a running or stopped node over to another node, exactly once; or takes back what was frozen for a
// node that no longer answers. Exit 1 if anything is still here.

import { remoteSettings } from '../../wiring/transfer-settings.ts'
import type { Config } from '../../config/config.ts'
import { type TransferReport, transferWholeQueue } from '../../queue/transfer/transfer-whole-queue.ts'
import type { Receiver } from '../../queue/transfer/receiver.ts'
import { createRemoteReceiver, type RemoteReceiver } from '../../queue/transfer/remote-receiver.ts'
import { abortPendingTransfers } from '../../queue/transfer/abort-pending-transfers.ts'
import { commandClock } from '../../lib/clock.ts'
import { readEndpoint } from '../../lib/endpoint.ts'
import { systemRandom } from '../../lib/random.ts'
import { requireQueue, lockTransfers } from '../../queue/sqlite/database/database.ts'
import { TransferSource } from '../../queue/transfer/transfer-source.ts'
import { DirectStore } from '../../queue/sqlite/direct-store.ts'
import { actAsOwner } from './act-as-owner.ts'
import { FAILED, json, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { withQueueDirectory } from './with-queue.ts'

interface Common {
  readonly config: string
  readonly by: string
  readonly json: boolean
  /** SHA-256 of the other node's certificate or key, hex. */
  readonly fingerprints: readonly string[]
}

export interface DrainOptions extends Common {
  /** HOST:PORT of the other node's hand-over listener. */
  readonly to: string
  /** How long attempts under way and a silent receiver are waited for, ms. */
  readonly patienceMs: number
}

export interface TakeBackOptions extends Common {
  /** Do not ask the other node: it may have the mail as well. */
  readonly force: boolean
}

export function queueDrain(options: DrainOptions, io: Io): Promise<number> | number {
  return withQueueDirectory(options.config, io, (directory, config) => {
    const remote = remoteAt(config, options.to, options.fingerprints)
    if (typeof remote === 'string') return usage(io, remote)
    return withDeparting(directory, async (from) => {
      const { by, patienceMs } = options
      const settings = { node: config.hostname, by, address: options.to, patienceMs }
      const report = await transferWholeQueue({ from, to: remote, clock: commandClock }, settings)
      remote.close()
      return say(report, { ...options, left: from.countMessages().messages }, io)
    })
  })
}

export function queueTakeBack(options: TakeBackOptions, io: Io): Promise<number> | number {
  return withQueueDirectory(options.config, io, (directory, config) =>
    withDeparting(directory, async (from) => {
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
        line(io.stdout, `${report.stayed} messages are here again, ${report.moved} had arrived`)
        for (const { address, cause, messages } of report.unanswered)
          line(io.stderr, `${messages} messages stay frozen: ${address} does not answer (${cause})`)
      }
      return report.unanswered.length > 0 ? FAILED : OK
    }),
  )
}

async function withDeparting(directory: string, use: (from: TransferSource) => Promise<number>): Promise<number> {
  const now = () => Date.now()
  actAsOwner(directory)
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

/** The receiver, or what is wrong with the command line or the configuration. */
function remoteAt(config: Config, to: string, fingerprints: readonly string[]): RemoteReceiver | string {
  const endpoint = readEndpoint(to)
  if (!endpoint) return `--to: found ${to}, expected a host and port such as srs-02.example.org:4465`
  const { host, port } = endpoint
  const wrong = fingerprints.find((one) => !/^[0-9a-f]{64}$/.test(one))
  if (wrong !== undefined) return `--fingerprint: found ${wrong}, expected 64 hex digits`
  const settings = remoteSettings(config, { host: host.toLowerCase(), port, fingerprints })
  if (settings) return createRemoteReceiver(settings)
  return config.tls
    ? `nobody knows the certificate of ${host}: give --fingerprint, or fingerprints of peers, or tls.ca`
    : 'tls: found nothing, expected a certificate: the other node has to know this one'
}

function unreachable(cause: string): Receiver {
  const trouble = () => Promise.resolve({ kind: 'trouble', cause, lasting: true } as const)
  return { identify: trouble, offer: trouble, refuse: trouble }
}

function usage(io: Io, problem: string): Promise<number> {
  line(io.stderr, problem)
  return Promise.resolve(USAGE)
}

/** Prints what came of a hand-over; the exit code. */
export function say(
  report: TransferReport,
  about: { readonly to: string; readonly json: boolean; readonly left: number },
  io: Io,
): number {
  const { to, left } = about
  if (about.json) json(io.stdout, { ...report, left })
  else {
    line(io.stdout, `${report.moved} messages moved to ${report.to ?? to}, ${left} left here`)
    for (const { queueId, reason } of report.stayed) line(io.stderr, `${queueId} stays: ${reason}`)
    if (report.underWay > 0) line(io.stderr, `${report.underWay} messages stay: an attempt is under way`)
    if (report.trouble !== null) line(io.stderr, `ended early: ${report.trouble}`)
    if (report.unanswered > 0)
      line(
        io.stderr,
        `${report.unanswered} messages are frozen until the other node says whether it has them: run it again`,
      )
  }
  return left === 0 && report.trouble === null ? OK : FAILED
}
