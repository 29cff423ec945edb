// Asks the other nodes of the fleet. The commands and the status page use this interface.

import type { Clock } from '../lib/clock.ts'
import { askPeer } from '../queue/transfer/peer-request.ts'
import type { RemoteSettings } from '../queue/transfer/verified-connection.ts'
import {
  ANSWER_MS,
  ANSWER_OCTETS,
  FLEET_PATH,
  type FleetQuestion,
  type MessageAnswer,
  readIdsAnswer,
  readMessageAnswer,
  readStatusAnswer,
  writeQuestion,
} from './fleet-messages.ts'
import type { NodeStatus } from './node-status.ts'
import type { FleetSearch, Told, TraceSource } from './trace-source.ts'

export interface FleetNode extends RemoteSettings {
  /** For people: the host, with the port if nodes of one host differ. */
  readonly name: string
  /** As the configuration has it; null if it does not say it. */
  readonly role: string | null
}

export interface FleetNodeStatus {
  readonly name: string
  readonly told: Told<NodeStatus>
  /** How far the clock of the node is ahead of this one, ms, within half the time of the exchange; null without an answer. */
  readonly clockAheadMs: number | null
}

/** Another node, for the questions of this one. */
export interface FleetSource extends TraceSource, Pick<FleetNode, 'role'> {
  status(): Promise<FleetNodeStatus>
  /** Messages by address, Message-ID, session or time. */
  search(wanted: FleetSearch): Promise<Told<MessageAnswer>>
}

export interface FleetClient {
  /** All at once; a node that is down or slow shows as such. Never rejects, and ends within seconds. */
  statuses(): Promise<readonly FleetNodeStatus[]>
  /** One for each other node, for `followMessage`. */
  readonly sources: readonly FleetSource[]
}

/** Beyond the time that the other node gives itself: the connection, ms. */
const CONNECT_MS = 3000

type ClientClock = Pick<Clock, 'after' | 'now' | 'monotonic'>

/** @param pair the certificate and key of this node in use, if they are renewed while the program runs; else those of `nodes` */
export function createFleetClient(
  nodes: readonly FleetNode[],
  clock: ClientClock,
  pair: () => Pick<RemoteSettings, 'certificate' | 'key'> | null = () => null,
): FleetClient {
  const sources = nodes.map((node) => sourceOf(() => ({ ...node, ...pair() }), node, clock))
  return { sources, statuses: () => Promise.all(sources.map((source) => source.status())) }
}

function sourceOf(settings: () => RemoteSettings, { name, role }: FleetNode, clock: ClientClock): FleetSource {
  const told = <T>(question: FleetQuestion, read: (text: string) => T | null) =>
    ask(settings(), { question, read }, clock)
  return {
    name,
    role,
    status: async () => {
      const begin = clock.monotonic()
      const answer = await told({ kind: 'status' }, readStatusAnswer)
      const took = clock.monotonic() - begin
      const clockAheadMs = answer.kind === 'answer' ? Math.round(answer.value.at - (clock.now() - took / 2)) : null
      return { name, told: answer, clockAheadMs }
    },
    message: (queueId) => told({ kind: 'message', queueId }, (text) => readMessageAnswer(text, queueId)),
    sentAs: (queueId, clue) =>
      told(
        'messageId' in clue ? { kind: 'sent-as', queueId, ...clue } : { kind: 'sent-to', queueId, ...clue },
        readIdsAnswer,
      ),
    returned: (address) => told({ kind: 'returned', address }, readIdsAnswer),
    search: (wanted) => told({ kind: 'search', ...wanted }, (text) => readMessageAnswer(text, null)),
  }
}

async function ask<T>(
  node: RemoteSettings,
  { question, read }: { readonly question: FleetQuestion; readonly read: (text: string) => T | null },
  clock: Pick<Clock, 'after'>,
): Promise<Told<T>> {
  const got = await askPeer(
    node,
    { path: FLEET_PATH, body: writeQuestion(question), deadlineMs: ANSWER_MS + CONNECT_MS, mostOctets: ANSWER_OCTETS },
    clock,
  )
  if (got.kind === 'error') return got
  if (got.status !== 200) return { kind: 'error', cause: `it replied ${got.status}: ${causeIn(got.text)}` }
  const value = read(got.text)
  return value === null
    ? { kind: 'error', cause: 'its answer makes no sense, or is of another release' }
    : { kind: 'answer', value }
}

function causeIn(text: string): string {
  try {
    const { cause } = JSON.parse(text) as { cause?: unknown }
    return typeof cause === 'string' ? cause.slice(0, 200) : 'no cause given'
  } catch {
    return 'no cause given'
  }
}
