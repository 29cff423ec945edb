// Asks rspamd about a message over HTTP (its /checkv2): one URL after the other until one answers. Findings only; what becomes of the
// mail, with an answer or without one, is policy.

import { Agent } from 'node:http'
import type { Clock } from '../lib/clock.ts'
import { contentSize, openMessage } from '../message/content.ts'
import { readAnswer } from './rspamd-answer.ts'
import { type Ask, endpointOf, exchange, type Exchanged, type RspamdEndpoint } from './rspamd-exchange.ts'
import { requestHeaders } from './rspamd-headers.ts'
import type { SpamFinding, SpamRequest, SpamScanner } from './spam-scan.ts'

export interface RspamdSettings {
  /** `http://host:port` or `unix:/path`, tried in turn. */
  readonly urls: readonly string[]
  readonly password: string | null
  /** For one URL: connection, mail and answer. */
  readonly timeoutMs: number
  /** Our name, for rspamd's history. */
  readonly hostname: string
}

export interface Rspamd extends SpamScanner {
  /** Asks every URL whether it is there; the causes of those that are not. */
  ping(): Promise<readonly string[]>
  close(): void
}

/** One that failed is asked last for so long, so that a dead one does not cost every mail its time limit. */
const AVOID_MS = 30_000
/** rspamd ends idle connections itself; ours are gone before that. */
const IDLE_MS = 15_000
/** Idle connections kept to each: as many mails as are checked at once on a busy node. */
const MOST_IDLE = 32
/** A worker answers /ping at once or is stuck. */
const PING_MS = 2_000

/** A scanner over rspamd's own protocol. */
export function createRspamd(settings: RspamdSettings, clock: Clock): Rspamd {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: MOST_IDLE, timeout: IDLE_MS })
  const endpoints = settings.urls.map(endpointOf)
  const failedAt = new Map<RspamdEndpoint, number>()
  const isAvoided = (one: RspamdEndpoint) => clock.now() - (failedAt.get(one) ?? -AVOID_MS) < AVOID_MS
  const inTurn = () => endpoints.toSorted((a, b) => Number(isAvoided(a)) - Number(isAvoided(b)))
  return {
    scan: async (request) => {
      const causes: string[] = []
      for (const endpoint of inTurn()) {
        const finding = await scanAt(settings, { agent, endpoint }, request)
        if (finding.kind === 'scanned') {
          failedAt.delete(endpoint)
          return finding
        }
        failedAt.set(endpoint, clock.now())
        causes.push(finding.cause)
      }
      return { kind: 'unavailable', cause: causes.join('; ') }
    },
    ping: async () => {
      const answers = await Promise.all(endpoints.map((endpoint) => pingAt(agent, endpoint)))
      return answers.filter((cause) => cause !== null)
    },
    close: () => agent.destroy(),
  }
}

interface Way {
  readonly agent: Agent
  readonly endpoint: RspamdEndpoint
}

async function scanAt(settings: RspamdSettings, way: Way, request: SpamRequest): Promise<SpamFinding> {
  const { content } = request
  const headers = { ...requestHeaders(request, settings), 'Content-Length': contentSize(content) }
  const open = () => openMessage(content)
  const answer = await asked({
    ...way,
    method: 'POST',
    path: '/checkv2',
    headers,
    open,
    limitMs: settings.timeoutMs,
  })
  const finding = read(answer)
  return finding.kind === 'scanned' ? finding : { ...finding, cause: `${way.endpoint.url}: ${finding.cause}` }
}

/** Once more over a fresh connection where a kept one was dead. */
async function asked(ask: Ask): Promise<Exchanged> {
  const first = await exchange(ask)
  if (first.kind === 'answered' || !first.stale) return first
  const fresh = new Agent({ keepAlive: false })
  return exchange({ ...ask, agent: fresh })
}

function read(answer: Exchanged): SpamFinding {
  if (answer.kind === 'failed') return { kind: 'unavailable', cause: answer.cause }
  if (answer.status !== 200) return { kind: 'unavailable', cause: `HTTP status ${answer.status}` }
  return readAnswer(answer.text)
}

async function pingAt(agent: Agent, endpoint: RspamdEndpoint): Promise<string | null> {
  const ask = { agent, endpoint, method: 'GET', path: '/ping', headers: {}, open: null, limitMs: PING_MS } as const
  const answer = await asked(ask)
  if (answer.kind === 'failed') return `${endpoint.url}: ${answer.cause}`
  return answer.status === 200 ? null : `${endpoint.url}: HTTP status ${answer.status}`
}
