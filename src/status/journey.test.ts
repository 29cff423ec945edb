// The lanes of a drawing: stages by the queue IDs that nodes hand on, one lane for each notification, and nodes that lie.

import { describe, expect, it } from 'vitest'
import type { Hop } from '../fleet-view/follow-message.ts'
import type { Event } from '../observe/events.ts'
import { journeyOf } from './journey.ts'

const id = (last: number) => `F3000000000${String(last).padStart(2, '0')}`

function hop(node: string, number: number, relation: Hop['relation'], next: readonly number[] = []) {
  const events = next.map(
    (to) => ({ kind: 'delivered', at: 1, queueId: id(number), reply: `250 Ok: queued as ${id(to)}` }) as Event,
  )
  return { node, queueId: id(number), relation, events }
}

const shape = (hops: readonly ReturnType<typeof hop>[]) =>
  journeyOf(hops).map(({ kind, stages }) => [kind, stages.map((stage) => stage.map(({ node }) => node))])

describe('the lanes', () => {
  it('have the nodes in the order in which they hand the message on, whatever their clocks say', () => {
    expect(shape([hop('srs', 2, 'asked', [3]), hop('mx', 1, 'before', [2]), hop('far', 3, 'after')])).toEqual([
      ['message', [['mx'], ['srs'], ['far']]],
    ])
  })

  it('have copies to several nodes in one stage', () => {
    expect(shape([hop('mx', 1, 'asked', [2, 3]), hop('srs-1', 2, 'after'), hop('srs-2', 3, 'after')])).toEqual([
      ['message', [['mx'], ['srs-1', 'srs-2']]],
    ])
  })

  it('are one for each notification and each bounce, over several nodes', () => {
    const hops = [
      hop('mx', 1, 'asked'),
      hop('srs', 4, 'dsn', [5]),
      hop('srs', 6, 'dsn'),
      hop('mx', 5, 'dsn'),
      hop('mx', 7, 'returned'),
    ]
    expect(shape(hops)).toEqual([
      ['message', [['mx']]],
      ['dsn', [['srs'], ['mx']]],
      ['dsn', [['srs']]],
      ['returned', [['mx']]],
    ])
  })

  it('end also for nodes that describe a circle', () => {
    const circle = [hop('a', 1, 'asked', [2]), hop('b', 2, 'after', [3]), hop('c', 3, 'after', [1])]
    const [lane] = journeyOf(circle)
    expect(lane?.stages.flat().toSorted((x, y) => (x.node < y.node ? -1 : 1))).toEqual(circle)
  })
})
