// Scans messages with clamd of ClamAV (INSTREAM). The servers take turns. A message goes to the next server if one fails, to each at most
// once; a server that failed must answer a short PING before it gets another message.

import { Readable } from 'node:stream'
import type { Budgets } from '../budget/budgets.ts'
import type { Clock } from '../lib/clock.ts'
import { type Content, contentSize } from '../message/content.ts'
import { exchangeWithClamd } from './clamd-exchange.ts'
import { isTooLargeFor, pingClamd, warnOfAge } from './clamd-questions.ts'
import { type ClamdVerdict, readVerdict } from './clamd-reply.ts'
import { createScanPlaces } from './scan-places.ts'
import type { VirusFinding, VirusScanner } from './virus-scan.ts'

export interface ClamdSettings {
  /** `host:port` or `unix:/path`. */
  readonly servers: readonly string[]
  /** Milliseconds for one server: connection, upload, scan and reply. */
  readonly timeoutMs: number
  /** Octets of the largest message that is scanned. */
  readonly maxSize: number
}

export interface ClamdPorts {
  readonly clock: Clock
  readonly budgets: Budgets
}

export interface Clamd extends VirusScanner {
  /** Sends PING to every server; returns the cause for each one that does not answer. */
  ping(): Promise<readonly string[]>
  /** What is wrong with servers that answer: old signatures, or a limit below `maxSize`. */
  warnings(): Promise<readonly string[]>
}

/** How long a server that failed is tried last. */
const AVOID_MS = 30_000
/** Octets: no clamd for mail takes less, so the connection of a smaller message was reset for another reason. */
const LEAST_LIMIT = 1024 * 1024

interface Server {
  readonly name: string
  /** Monotonic time of the last failure. */
  failedAt: number
  /** True from a failure until the server answers. */
  isSuspect: boolean
  /** The PING that is under way: a stuck server costs all waiting messages one PING, not one each. */
  probe: Promise<string | null> | null
}

export function createClamd(settings: ClamdSettings, { clock, budgets }: ClamdPorts): Clamd {
  const places = createScanPlaces({ budgets, clock })
  const servers = settings.servers.map(
    (name): Server => ({ name, failedAt: Number.NEGATIVE_INFINITY, isSuspect: false, probe: null }),
  )
  let turn = 0
  const ordered = (): readonly Server[] => {
    const first = turn++ % servers.length
    const inTurn = [...servers.slice(first), ...servers.slice(0, first)]
    const now = clock.monotonic()
    const isAvoided = ({ failedAt }: Server) => now - failedAt < AVOID_MS
    return inTurn.toSorted((a, b) => Number(isAvoided(a)) - Number(isAvoided(b)))
  }
  return {
    scan: async (request) => {
      const { content } = request
      const size = contentSize(content)
      if (size > settings.maxSize)
        return { kind: 'unscanned', cause: `${size} octets, more than the ${settings.maxSize} of clamav.max_size` }
      const place = await places.enter(request, settings.timeoutMs)
      if (place.kind === 'busy') return place
      try {
        return await scanInTurn(ordered(), content, { clock, timeoutMs: settings.timeoutMs })
      } finally {
        place.release()
      }
    },
    ping: async () => {
      const answers = await Promise.all(servers.map(async ({ name }) => named(name, await pingClamd(name, clock))))
      return answers.flat()
    },
    warnings: async () => {
      const largest = emptyMessage(settings.maxSize)
      const all = servers.map(async ({ name }) => {
        const [age, isLow] = await Promise.all([warnOfAge(name, clock), isTooLargeFor(name, largest, clock)])
        return [
          ...named(name, age),
          ...named(name, isLow ? 'its StreamMaxLength is less than clamav.max_size and 1 KiB' : null),
        ]
      })
      return (await Promise.all(all)).flat()
    },
  }
}

function named(server: string, text: string | null): readonly string[] {
  return text === null ? [] : [`${server}: ${text}`]
}

/** Only its size is used. */
function emptyMessage(size: number): Content {
  return { header: Buffer.alloc(0), bodySize: size, openBody: () => Readable.from([]) }
}

interface Limits {
  readonly clock: Clock
  readonly timeoutMs: number
}

async function scanInTurn(servers: readonly Server[], content: Content, limits: Limits): Promise<VirusFinding> {
  const causes: string[] = []
  for (const server of servers) {
    const { name } = server
    const verdict = await scanWith(server, content, limits)
    if (verdict.kind === 'clean') return { kind: 'clean', server: name }
    if (verdict.kind === 'infected') return { kind: 'infected', name: verdict.name, server: name }
    if (verdict.kind === 'too-large')
      return { kind: 'unscanned', cause: `larger than StreamMaxLength of clamd at ${name}` }
    causes.push(`${name}: ${verdict.cause}`)
  }
  return { kind: 'unavailable', cause: causes.join('; ') }
}

async function scanWith(server: Server, content: Content, { clock, timeoutMs }: Limits): Promise<ClamdVerdict> {
  const failed = (cause: string): ClamdVerdict => {
    server.failedAt = clock.monotonic()
    server.isSuspect = true
    return { kind: 'failed', cause }
  }
  if (server.isSuspect) {
    const cause = await probe(server, clock)
    if (cause !== null) return failed(cause)
    server.isSuspect = false
  }
  const reply = await exchangeWithClamd({
    server: server.name,
    clock,
    ask: { kind: 'scan', content },
    limitMs: timeoutMs,
  })
  if (reply.kind === 'failed') {
    // A server that resets the connection of a large message can lose its reply with it.
    if (reply.isCut && contentSize(content) > LEAST_LIMIT && (await isTooLargeFor(server.name, content, clock)))
      return { kind: 'too-large' }
    return failed(reply.cause)
  }
  const verdict = readVerdict(reply.text, reply.isWhole)
  return verdict.kind === 'failed' ? failed(verdict.cause) : verdict
}

function probe(server: Server, clock: Clock): Promise<string | null> {
  server.probe ??= pingClamd(server.name, clock).finally(() => {
    server.probe = null
  })
  return server.probe
}
