// Asks the other nodes of the fleet. The commands and the status page use this interface.

import type { Clock } from '../lib/clock.ts'
import { askPeer } from '../queue/transfer/peer-request.ts'
import type { RemoteSettings } from '../queue/transfer/verified-connection.ts'
import {
  ANSWER_MS,
  ANSWER_OCTETS,
  FLEET_PATH,
  type FleetQuestion,
  readIdsAnswer,
  readMessageAnswer,
  readStatusAnswer,
  writeQuestion,
} from './fleet-messages.ts'
import type { NodeStatus } from './node-status.ts'
import type { Told, TraceSource } from './trace-source.ts'

export interface FleetNode extends RemoteSettings {
  /** For people: the host, with the port if nodes of one host differ. */
  readonly name: string
}

export interface FleetNodeStatus {
  readonly name: string
  readonly told: Told<NodeStatus>
  /** How far the clock of the node is ahead of this one, ms, within half the time of the exchange; null without an answer. */
  readonly clockAheadMs: number | null
}

export interface FleetClient {
  /** All at once; a node that is down or slow shows as such. Never rejects, and ends within seconds. */
  statuses(): Promise<readonly FleetNodeStatus[]>
  /** One for each other node, for `followMessage`. */
  readonly sources: readonly TraceSource[]
}

/** Beyond the time that the other node gives itself: the connection, ms. */
const CONNECT_MS = 3000

export function createFleetClient(
  nodes: readonly FleetNode[],
  clock: Pick<Clock, 'after' | 'now' | 'monotonic'>,
): FleetClient {
  return {
    statuses: () => Promise.all(nodes.map((node) => statusOf(node, clock))),
    sources: nodes.map((node) => sourceOf(node, clock)),
  }
}

async function statusOf(node: FleetNode, clock: Pick<Clock, 'after' | 'now' | 'monotonic'>): Promise<FleetNodeStatus> {
  const begin = clock.monotonic()
  const told = await ask(node, { question: { kind: 'status' }, read: readStatusAnswer }, clock)
  const took = clock.monotonic() - begin
  const clockAheadMs = told.kind === 'answer' ? Math.round(told.value.at - (clock.now() - took / 2)) : null
  return { name: node.name, told, clockAheadMs }
}

function sourceOf(node: FleetNode, clock: Pick<Clock, 'after'>): TraceSource {
  return {
    name: node.name,
    message: (queueId) =>
      ask(node, { question: { kind: 'message', queueId }, read: (text) => readMessageAnswer(text, queueId) }, clock),
    sentAs: (queueId, messageId) =>
      ask(node, { question: { kind: 'sent-as', queueId, messageId }, read: readIdsAnswer }, clock),
    returned: (address) => ask(node, { question: { kind: 'returned', address }, read: readIdsAnswer }, clock),
  }
}

async function ask<T>(
  node: FleetNode,
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
