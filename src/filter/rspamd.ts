// Scans a message with rspamd over its HTTP protocol (/checkv2). The URLs are tried in turn until one answers. The result is a finding;
// policy decides what follows from it, with a score or without one.

import { Agent } from 'node:http'
import type { Clock } from '../lib/clock.ts'
import { contentSize, openMessage } from '../message/content.ts'
import { readAnswer } from './rspamd-answer.ts'
import { endpointOf, type Exchanged, exchangeHttp, type HttpRequest, type RspamdEndpoint } from './rspamd-exchange.ts'
import { requestHeaders } from './rspamd-headers.ts'
import type { SpamFinding, SpamRequest, SpamScanner } from './spam-scan.ts'

export interface RspamdSettings {
  /** `http://host:port` or `unix:/path`, tried in turn. */
  readonly urls: readonly string[]
  readonly password: string | null
  /** Milliseconds for one URL: connection, upload and answer. */
  readonly timeoutMs: number
  /** The node's name, which rspamd keeps in its history. */
  readonly hostname: string
  /** Whether rspamd gets what the node has verified. */
  readonly ownResults: boolean
}

export interface Rspamd extends SpamScanner {
  /** Sends /ping to every URL; returns the cause for each one that does not answer. */
  ping(): Promise<readonly string[]>
  close(): void
}

/** How long a URL that failed is tried last, so that a dead worker does not cost every message its time limit. */
const AVOID_MS = 30_000
/** rspamd closes idle connections itself; the node closes them earlier. */
const IDLE_MS = 15_000
/** Idle connections kept to each URL: as many messages as a busy node scans at the same time. */
const MAX_IDLE = 32
/** A worker that takes longer to answer /ping is stuck. */
const PING_MS = 2_000

/** Creates a scanner; `close` ends its connections. */
export function createRspamd(settings: RspamdSettings, clock: Clock): Rspamd {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: MAX_IDLE, timeout: IDLE_MS })
  const workers = settings.urls.map((url) => ({ agent, clock, endpoint: endpointOf(url) }))
  /** Monotonic times. */
  const failedAt = new Map<Worker, number>()
  const isAvoided = (worker: Worker) => clock.monotonic() - (failedAt.get(worker) ?? -AVOID_MS) < AVOID_MS
  return {
    scan: async (request) => {
      const causes: string[] = []
      for (const worker of workers.toSorted((a, b) => Number(isAvoided(a)) - Number(isAvoided(b)))) {
        const finding = await scanWith(settings, worker, request)
        if (finding.kind === 'scanned') {
          failedAt.delete(worker)
          return finding
        }
        failedAt.set(worker, clock.monotonic())
        causes.push(`${worker.endpoint.url}: ${finding.cause}`)
      }
      return { kind: 'unavailable', cause: causes.join('; ') }
    },
    ping: async () => {
      const answers = await Promise.all(workers.map(pingWorker))
      return answers.filter((cause) => cause !== null)
    },
    close: () => agent.destroy(),
  }
}

/** One URL, with the connections kept to it. */
interface Worker {
  readonly agent: Agent
  readonly clock: Clock
  readonly endpoint: RspamdEndpoint
}

async function scanWith(settings: RspamdSettings, worker: Worker, request: SpamRequest): Promise<SpamFinding> {
  const { content } = request
  const headers = { ...requestHeaders(request, settings), 'Content-Length': contentSize(content) }
  const openBody = () => openMessage(content)
  const answer = await sendRequest({
    ...worker,
    method: 'POST',
    path: '/checkv2',
    headers,
    openBody,
    limitMs: settings.timeoutMs,
  })
  if (answer.kind === 'failed') return { kind: 'unavailable', cause: answer.cause }
  if (answer.status !== 200) return { kind: 'unavailable', cause: `HTTP status ${answer.status}` }
  return readAnswer(answer.text)
}

async function pingWorker(worker: Worker): Promise<string | null> {
  const request = { ...worker, method: 'GET', path: '/ping', headers: {}, openBody: null, limitMs: PING_MS } as const
  const answer = await sendRequest(request)
  if (answer.kind === 'failed') return `${worker.endpoint.url}: ${answer.cause}`
  return answer.status === 200 ? null : `${worker.endpoint.url}: HTTP status ${answer.status}`
}

/** Repeats the request on a fresh connection if rspamd closed the kept one. */
async function sendRequest(request: HttpRequest): Promise<Exchanged> {
  const first = await exchangeHttp(request)
  if (first.kind === 'answered' || !first.stale) return first
  return exchangeHttp({ ...request, agent: new Agent({ keepAlive: false }) })
}
