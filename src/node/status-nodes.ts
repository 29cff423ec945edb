// The nodes that the status page shows: this one from its own queue, the others by questions at their transfer listeners.

import type { Config } from '../config/config.ts'
import type { TlsMaterial } from '../config/read-tls-material.ts'
import { createFleetBoard } from '../fleet-view/fleet-board.ts'
import { createFleetClient, type FleetClient, type FleetSource } from '../fleet-view/fleet-client.ts'
import { followMessage } from '../fleet-view/follow-message.ts'
import { ledgerOf, localSource, searchLedger } from '../fleet-view/trace-source.ts'
import type { Clock } from '../lib/clock.ts'
import type { Current } from '../lib/current.ts'
import { createSemaphore } from '../lib/semaphore.ts'
import type { QueueReader } from '../queue/contract/queue-reader.ts'
import type { Nodes, NodeTrace } from '../status/status-ports.ts'
import { fleetNodes } from '../wiring/fleet-settings.ts'

export interface FleetPorts {
  readonly clock: Clock
  /** It is renewed while the node runs. */
  readonly certificate: Current<TlsMaterial | null>
}

/** After this time a trace asks no further question: a person waits, and slow nodes have been slow for long enough. */
const FOLLOW_MS = 10_000

/** The other nodes, for a node that names them in `fleet_view`; null for every other one. */
export function fleetClient(config: Config, { clock, certificate }: FleetPorts): FleetClient | null {
  const fleet = config.fleet_view ? fleetNodes(config) : null
  return fleet?.kind === 'nodes' ? createFleetClient(fleet.nodes, clock, () => certificate.value) : null
}

/** @param node name of this one @param client of the others; null if there are none */
export function statusNodes(
  node: string,
  client: Pick<FleetClient, 'sources'> | null,
  { reader, clock }: Pick<FleetPorts, 'clock'> & { readonly reader: Pick<QueueReader, 'trace' | 'show' | 'ledger'> },
): Nodes {
  const sources = (client?.sources ?? []).map(oneAtATime)
  const board = createFleetBoard(sources, clock)
  const local = localSource(ledgerOf(reader, node), node)
  /** The nodes that answer, so that one that is down does not delay the questions to the others, and the causes of the rest. */
  const known = async () => {
    const causes = new Map((await board.look()).map(({ name, problem }) => [name, problem] as const))
    return sources.map((source) => ({ source, problem: causes.get(source.name) ?? null }))
  }
  const empty = { hasOlder: false, events: [], shown: null }
  return {
    others: sources.map(({ name }) => name),
    board: () => board.look(),
    trace: async (queueId) => {
      const [shown, trace] = await Promise.all([reader.show(queueId), reader.trace(queueId)])
      return { node, ...trace, shown, problem: null }
    },
    follow: async (queueId) => {
      const begin = clock.monotonic()
      const all = await known()
      const answering = all.flatMap(({ source, problem }) => (problem === null ? [source] : []))
      const trace = await followMessage(queueId, [local, ...answering], () => clock.monotonic() - begin > FOLLOW_MS)
      const silent = all.flatMap(({ source, problem }) =>
        problem === null ? [] : [{ node: source.name, cause: problem }],
      )
      return { ...trace, problems: [...trace.problems, ...silent] }
    },
    search: async (wanted) => {
      const { events, hasMore } = await searchLedger(reader, wanted)
      return { node, events, hasOlder: hasMore, shown: null, problem: null }
    },
    searchOthers: async (wanted) =>
      Promise.all(
        (await known()).map(async ({ source, problem }): Promise<NodeTrace> => {
          const { name } = source
          if (problem !== null) return { ...empty, node: name, problem }
          const told = await source.search(wanted)
          return told.kind === 'error'
            ? { ...empty, node: name, problem: told.cause }
            : { ...empty, node: name, events: told.value.events, hasOlder: told.value.hasMore, problem: null }
        }),
      ),
  }
}

/** A node has two places for this one: one is for the status, the other for one question of all traces and searches. */
function oneAtATime(source: FleetSource): FleetSource {
  const place = createSemaphore(1)
  const queued = async <T>(ask: () => Promise<T>): Promise<T> => {
    const release = await place.acquire()
    try {
      return await ask()
    } finally {
      release()
    }
  }
  return {
    name: source.name,
    role: source.role,
    status: () => source.status(),
    message: (queueId) => queued(() => source.message(queueId)),
    sentAs: (queueId, clue) => queued(() => source.sentAs(queueId, clue)),
    returned: (address) => queued(() => source.returned(address)),
    search: (wanted) => queued(() => source.search(wanted)),
  }
}
