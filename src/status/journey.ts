// The way of a message over the nodes of a fleet as lanes of a drawing: the message itself, then each notification about it, and each bounce.

import { acceptedAs } from '../fleet-view/accepted-as.ts'
import type { Hop, HopRelation } from '../fleet-view/follow-message.ts'

export type JourneyHop = Pick<Hop, 'node' | 'queueId' | 'relation' | 'events'>

export interface Lane {
  readonly kind: 'message' | 'dsn' | 'returned'
  /** Hops that the message reached after the same number of others are in one stage. */
  readonly stages: readonly (readonly JourneyHop[])[]
}

const kinds: Readonly<Record<HopRelation, Lane['kind']>> = {
  asked: 'message',
  before: 'message',
  after: 'message',
  dsn: 'dsn',
  returned: 'returned',
}

/** @param hops in the order of their times */
export function journeyOf(hops: readonly JourneyHop[]): readonly Lane[] {
  const of = (kind: Lane['kind']) => hops.filter(({ relation }) => kinds[relation] === kind)
  const message = of('message')
  return [
    ...(message.length > 0 ? [{ kind: 'message' as const, stages: stagesOf(message) }] : []),
    ...(['dsn', 'returned'] as const).flatMap((kind) =>
      groupsOf(of(kind)).map((group) => ({ kind, stages: stagesOf(group) })),
    ),
  ]
}

/** The queue IDs as which other nodes accepted the message of a hop. */
export function acceptedIds({ events }: Pick<JourneyHop, 'events'>): ReadonlySet<string> {
  return new Set(events.flatMap((event) => acceptedAs(event) ?? []))
}

/** By the longest way to each hop. Nodes that lie can describe a circle: its length is bounded by the number of hops. */
function stagesOf(hops: readonly JourneyHop[]): readonly (readonly JourneyHop[])[] {
  const next = hops.map(acceptedIds)
  const depth = hops.map(() => 0)
  for (let round = 0; round < hops.length; round++)
    for (const [from, ids] of next.entries())
      for (const [to, { queueId }] of hops.entries())
        if (from !== to && ids.has(queueId))
          depth[to] = Math.min(hops.length - 1, Math.max(depth[to] ?? 0, (depth[from] ?? 0) + 1))
  const used = [...new Set(depth)].toSorted((a, b) => a - b)
  return used.map((wanted) => hops.filter((_, index) => depth[index] === wanted))
}

/** Hops that hand the same message on, such as the nodes that one notification passes. */
function groupsOf(hops: readonly JourneyHop[]): readonly (readonly JourneyHop[])[] {
  const groups: JourneyHop[][] = []
  for (const hop of hops) {
    const ids = acceptedIds(hop)
    const touching = groups.filter((group) =>
      group.some((one) => ids.has(one.queueId) || acceptedIds(one).has(hop.queueId)),
    )
    const [first, ...others] = touching
    if (!first) {
      groups.push([hop])
      continue
    }
    first.push(hop, ...others.flat())
    for (const other of others) groups.splice(groups.indexOf(other), 1)
  }
  return groups
}
