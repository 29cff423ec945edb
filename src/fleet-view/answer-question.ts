// Answers the questions of other nodes from the ledger and the status of this one. Read only; each peer has a rate and the node few places, so
// that a node that was taken over can neither change nor slow down this one.

import type { Pool } from '../budget/pool.ts'
import type { Rate } from '../budget/rate.ts'
import type { Clock } from '../lib/clock.ts'
import { QueueUnavailable } from '../queue/contract/queue-unavailable.ts'
import { ANSWER_MS, FLEET_VERSION, type FleetQuestion, readQuestion } from './fleet-messages.ts'
import type { Ledger } from './trace-source.ts'
import type { NodeStatus } from './node-status.ts'

export interface AnswerPorts {
  readonly status: () => Promise<NodeStatus>
  readonly ledger: Ledger
  readonly clock: Pick<Clock, 'sleep'>
  /** Of the budget `fleetQuestions`. */
  readonly places: Pool
  /** Of the budget `fleetQuestionRate`, by peer. */
  readonly rate: Rate
}

export interface FleetReply {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** A node that asks, by its certificate. */
export interface AskingPeer {
  /** The name that the configuration gives it. */
  readonly host: string
  /** Whether it may search for addresses; absent: it may not. */
  readonly maySearch?: boolean
}

/** @returns the function that answers one line of a peer. It may reject. */
export function createFleetAnswers(ports: AnswerPorts): (line: string | null, peer: AskingPeer) => Promise<FleetReply> {
  return async (line, { host: peer, maySearch = false }) => {
    const question = line === null ? null : readQuestion(line)
    if (question === null) return denied(400, `no question of version ${FLEET_VERSION}`)
    if (!ports.rate.take(peer)) return denied(429, 'too many questions; ask again in a minute')
    if (question.kind === 'search' && !maySearch)
      return denied(403, 'this node may not search for addresses here: see fleet_view.search')
    const place = ports.places.take({ purpose: 'fleet', account: peer })
    if (place.kind === 'short') return denied(503, 'too many questions at a time')
    try {
      return await inTime(answer(question, ports), ports.clock)
    } catch (error) {
      if (error instanceof QueueUnavailable) return denied(503, error.message)
      throw error
    } finally {
      place.release()
    }
  }
}

async function inTime(work: Promise<FleetReply>, clock: Pick<Clock, 'sleep'>): Promise<FleetReply> {
  const answered = new AbortController()
  const late = clock.sleep(ANSWER_MS, answered.signal).then(
    () => denied(503, `no answer within ${ANSWER_MS / 1000} s`),
    // Aborted after the answer: this value loses the race.
    () => denied(503, ''),
  )
  try {
    return await Promise.race([work, late])
  } finally {
    answered.abort()
    // A late failure of the work has no reader.
    work.catch(() => undefined)
  }
}

async function answer(question: FleetQuestion, { status, ledger }: AnswerPorts): Promise<FleetReply> {
  switch (question.kind) {
    case 'status':
      return reply({ status: await status() })
    case 'message':
      return reply(await ledger.message(question.queueId))
    case 'sent-as':
    case 'sent-to':
      return reply({ queueIds: await ledger.sentAs(question.queueId, question) })
    case 'returned':
      return reply({ queueIds: await ledger.returned(question.address) })
    case 'search':
      return reply(await ledger.search(question))
  }
}

function reply(body: object): FleetReply {
  return { status: 200, body: { version: FLEET_VERSION, ...body } }
}

function denied(status: number, cause: string): FleetReply {
  return { status, body: { cause } }
}
