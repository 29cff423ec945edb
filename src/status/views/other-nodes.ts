// The other nodes in the views of this one: their queues and their deliveries in sum, with a link to the page of each.

import { type Html, html, type HtmlValue } from '../../lib/html.ts'
import type { BoardNode } from '../../fleet-view/fleet-board.ts'
import type { NodeStatus } from '../../fleet-view/node-status.ts'
import { nodeLink, waitingIn } from '../fleet-summary.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card, table } from '../frame.ts'
import type { StatusVisit } from '../status-ports.ts'
import { number, span } from '../words.ts'

/** Destinations of a line. */
const MOST_DESTINATIONS = 3

/** Null for a node that knows no others. */
export async function otherQueues(visit: StatusVisit): Promise<Html | null> {
  const rows = await rowsOf(visit, 4, ({ queue, at }) => {
    if (queue === null) return ['–', '–', '–', badge('bad', 'its queue cannot be read')]
    const oldest = queue.oldestArrivedAt === null ? '–' : span(Math.max(0, at - queue.oldestArrivedAt))
    const most = queue.destinations
      .slice(0, MOST_DESTINATIONS)
      .map(
        ({ nextHop, waiting, wait }) =>
          html`<li>${number(waiting)} for ${foreign(visit.ports.privacy.text(nextHop), 120)}${wait && html` ${badge(wait.reason === 'unreachable' ? 'warn' : 'plain', wait.reason)}`}</li>`,
      )
    return [
      number(waitingIn(queue)),
      number(queue.recipients.held ?? 0),
      oldest,
      most.length === 0 ? '–' : html`<ul class="plainlist">${most}</ul>`,
    ]
  })
  const columns = [
    { name: 'Node' },
    { name: 'Waiting', isNumber: true },
    { name: 'On hold', isNumber: true },
    { name: 'Oldest' },
    { name: 'Most mail' },
  ]
  return rows && card('At the other nodes', table('Queues of the other nodes', columns, rows))
}

/** Null for a node that knows no others. */
export async function otherDeliveries(visit: StatusVisit): Promise<Html | null> {
  const rows = await rowsOf(visit, 4, ({ rates: { hour } }) => [
    number(hour.received),
    number(hour.delivered),
    number(hour.deferred),
    number(hour.failed + hour.expired),
  ])
  const columns = [
    { name: 'Node' },
    { name: 'Received', isNumber: true },
    { name: 'Delivered', isNumber: true },
    { name: 'Deferred', isNumber: true },
    { name: 'Failed', isNumber: true },
  ]
  return rows && card('At the other nodes, in the last hour', table('Deliveries of the other nodes', columns, rows))
}

async function rowsOf(
  { ports: { nodes } }: StatusVisit,
  width: number,
  cells: (status: NodeStatus) => readonly HtmlValue[],
): Promise<readonly (readonly HtmlValue[])[] | null> {
  if (nodes.others.length === 0) return null
  const name = (node: BoardNode) => {
    const age = node.ageMs === null ? '' : `, its last answer is ${span(node.ageMs)} old`
    const silent = node.problem !== null && html`<br>${badge('bad', html`no answer${age}`)}`
    return html`<a href="${nodeLink(node.name)}">${foreign(node.name, 255)}</a>${silent}`
  }
  const none = Array.from({ length: width }, () => '–')
  return (await nodes.board()).map((node) => [name(node), ...(node.status ? cells(node.status) : none)])
}
