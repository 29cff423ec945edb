// Another node of the fleet: what it said about itself in its last answer. It can be read only; actions are for the node itself.

import { type Html, html } from '../../lib/html.ts'
import type { Page } from '../../lib/http-page.ts'
import type { BoardNode } from '../../fleet-view/fleet-board.ts'
import type { NodeStatus, QueueStatus } from '../../fleet-view/node-status.ts'
import { attentionCard } from './attention-card.ts'
import { healthCard } from './health-card.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card, note, pageOf, table } from '../frame.ts'
import { summaryOf, waitingIn } from '../fleet-summary.ts'
import type { StatusVisit } from '../status-ports.ts'
import { counted, number, relative, span } from '../words.ts'

const REFRESH_S = 10
/** The node names the five with the most mail. */
const MOST_DESTINATIONS = 20

export async function nodeView(visit: StatusVisit): Promise<Page> {
  const name = visit.query.get('name') ?? ''
  const node = (await visit.ports.nodes.board()).find((one) => one.name === name)
  if (!node)
    return pageOf(visit, {
      title: 'Not found',
      status: 404,
      body: note('warn', html`The configuration of this node has no such node. <a href="/">Look at the fleet</a>.`),
    })
  const { status } = node
  const { items } = summaryOf(node)
  const body = html`${attentionCard(visit, items, 'The node says that nothing needs attention.')}
${status === null ? null : answered(visit, node, status)}
<section class="card"><p class="small">This page reads other nodes only. Act at the node: at its status page, or with <code>waypost queue</code>, <code>waypost account</code> and <code>waypost ban</code> on its host.</p></section>`
  return pageOf(visit, { title: `Node ${name}`, body, refresh: REFRESH_S })
}

function answered(visit: StatusVisit, node: BoardNode, status: NodeStatus): Html {
  return html`<div class="columns">${facts(visit, node, status)}${healthCard(visit, status.health)}</div>
${status.queue && queueCard(visit, status.queue, status.at)}`
}

function facts({ now }: StatusVisit, { ageMs, clockAheadMs, problem }: BoardNode, status: NodeStatus): Html {
  const { rates, certificates, reload } = status
  const hour = rates.hour
  const rows: readonly (readonly [string, Html])[] = [
    ['State', problem === null ? badge('good', 'answers') : badge('bad', 'no answer')],
    ['Last answer', html`${span(ageMs ?? 0)} ago`],
    ['Role', foreign(status.role, 60)],
    ['Release', foreign(status.release, 60)],
    ['Up', html`${span(Math.max(0, status.at - status.startedAt))}${status.draining && ', draining'}`],
    ['Clock', html`${clockText(clockAheadMs)}`],
    [
      'Last hour',
      html`${number(hour.received)} received, ${number(hour.rejected)} refused, ${number(hour.delivered)} delivered, ${number(hour.deferred)} deferred, ${number(hour.failed + hour.expired)} failed`,
    ],
    ['Bans, holds', html`${counted(status.bans, 'ban')}, ${counted(status.holds, 'account')} on hold`],
    ...certificates
      .slice(0, MOST_DESTINATIONS)
      .map(
        ({ key, expiresAt }) => ['Certificate', html`${foreign(key, 60)} expires ${relative(expiresAt, now)}`] as const,
      ),
    ...(reload === null
      ? []
      : [
          [
            'Reload',
            html`${reload.result} ${relative(reload.at, now)}${reload.problem !== null && html`: ${foreign(reload.problem)}`}`,
          ] as const,
        ]),
  ]
  return card(
    'In its last answer',
    html`<dl>${rows.map(([key, value]) => html`<dt>${key}</dt><dd>${value}</dd>`)}</dl>`,
  )
}

function clockText(aheadMs: number | null): string {
  if (aheadMs === null) return 'not known'
  return Math.abs(aheadMs) < 1000 ? 'as here' : `${span(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead' : 'behind'}`
}

function queueCard({ now, ports }: StatusVisit, queue: QueueStatus, at: number): Html {
  const rows = queue.destinations
    .slice(0, MOST_DESTINATIONS)
    .map(({ nextHop, waiting, earliestAttemptAt, wait }) => [
      foreign(ports.privacy.text(nextHop)),
      number(waiting),
      wait
        ? badge(wait.reason === 'unreachable' ? 'warn' : 'plain', wait.reason)
        : earliestAttemptAt > at
          ? 'back-off of its messages'
          : 'due now',
      relative(wait?.until ?? earliestAttemptAt, now),
    ])
  const columns = [{ name: 'Destination' }, { name: 'Waiting', isNumber: true }, { name: 'Why' }, { name: 'Until' }]
  const oldest =
    queue.oldestArrivedAt === null ? '' : `; the oldest message is ${span(Math.max(0, at - queue.oldestArrivedAt))} old`
  return card(
    'Its queue',
    html`<p>${counted(queue.messages, 'message')}, ${counted(waitingIn(queue), 'recipient')} waiting, ${number(queue.recipients.held ?? 0)} on hold${oldest}.</p>
${table('Destinations with the most mail', columns, rows, 'No mail waits.')}`,
  )
}
