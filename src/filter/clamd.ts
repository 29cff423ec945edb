// Scans messages with clamd of ClamAV (INSTREAM). The servers take turns. A message goes to the next server if one fails, to each at most
// once; a server that failed must answer a short PING before it gets another message.

import type { Budgets } from '../budget/budgets.ts'
import type { Clock } from '../lib/clock.ts'
import { type Content, contentSize } from '../message/content.ts'
import { exchangeWithClamd } from './clamd-exchange.ts'
import { type ClamdVerdict, oneLine, readVerdict } from './clamd-reply.ts'
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
}

/** How long a server that failed is tried last. */
const AVOID_MS = 30_000
/** A server that takes longer to answer PING is stuck. */
const PING_MS = 2_000

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
      const answers = await Promise.all(servers.map(({ name }) => ping(name, clock)))
      return answers.flatMap((cause, at) => (cause === null ? [] : [`${servers[at]?.name}: ${cause}`]))
    },
  }
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
  const reply = await exchangeWithClamd({ server: server.name, clock, content, limitMs: timeoutMs })
  if (reply.kind === 'failed') return failed(reply.cause)
  const verdict = readVerdict(reply.text, reply.isWhole)
  return verdict.kind === 'failed' ? failed(verdict.cause) : verdict
}

function probe(server: Server, clock: Clock): Promise<string | null> {
  server.probe ??= ping(server.name, clock).finally(() => {
    server.probe = null
  })
  return server.probe
}

/** The cause if the server does not answer, else null. */
async function ping(server: string, clock: Clock): Promise<string | null> {
  const reply = await exchangeWithClamd({ server, clock, content: null, limitMs: PING_MS })
  if (reply.kind === 'failed') return `PING: ${reply.cause}`
  return reply.text === 'PONG' ? null : `PING: its reply cannot be read: ${oneLine(reply.text)}`
}
