// Message: its path over the nodes of the fleet and through each of them as drawings, and every event.

import { type Html, html } from '../../lib/html.ts'
import type { Page } from '../../lib/http-page.ts'
import type { FleetTrace } from '../../fleet-view/follow-message.ts'
import { isQueueId } from '../../lib/ids.ts'
import { actionLink } from '../action-link.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card, link, note, pageOf } from '../frame.ts'
import { messagePath } from '../message-path.ts'
import type { NodeTrace, StatusVisit } from '../status-ports.ts'
import { counted, relative, size, time } from '../words.ts'
import { eventCard } from './event-card.ts'
import { journeyCard } from './journey-card.ts'
import { address } from './messages-view.ts'
import { type MessagePart, type NodePart, ownEvents, pathCard } from './path-card.ts'

const KEEP_MS = 2_000
/** The other nodes are asked some ten questions each. */
const FOLLOW_KEEP_MS = 10_000
/** The page waits so long for the other nodes; then it shows this node, and the others when it is shown again. */
const FOLLOW_WAIT_MS = 2_500
/** While nodes are missing, and while the message waits, seconds. */
const SOON_S = 5
const REFRESH_S = 15

export async function messageView(visit: StatusVisit): Promise<Page> {
  const { query, ports, single } = visit
  const id = query.get('id') ?? ''
  if (!isQueueId(id))
    return pageOf(visit, {
      title: 'Message',
      status: 404,
      body: note('warn', html`This is no queue ID. <a href="/search">Search for the message</a>.`),
    })
  const hasFleet = ports.nodes.others.length > 0
  const times = { keepMs: FOLLOW_KEEP_MS, waitMs: FOLLOW_WAIT_MS }
  const [{ trace, waits }, fleet] = await Promise.all([
    single.run(`message ${id}`, KEEP_MS, async () => ({
      trace: await ports.nodes.trace(id),
      waits: await ports.queue.waits(),
    })),
    hasFleet ? single.within(`follow ${id}`, times, () => ports.nodes.follow(id)) : null,
  ])
  const parts = partsOf(id, trace, fleet)
  const isMissing = hasFleet && fleet === null
  if (parts.length === 0) return unknown(visit, { id, fleet, isMissing })
  const { shown } = trace
  const body = html`${card('What is known', facts(visit, { id, parts, shown }), shown && acts(visit, id, trace))}
${missing(fleet, isMissing)}
${parts.length > 1 && journeyCard(visit, parts)}
${parts.filter(({ relation }) => relation !== 'dsn' && relation !== 'returned').map((part) => pathCard(visit, part, waits))}
${eventCard(visit, id, parts)}`
  const refresh = isMissing ? SOON_S : shown ? REFRESH_S : undefined
  return pageOf(visit, { title: `Message ${id}`, body, ...(refresh === undefined ? {} : { refresh }) })
}

/** This node shows more about its own messages than it sends to others. */
function partsOf(id: string, trace: NodeTrace, fleet: FleetTrace | null): readonly MessagePart[] {
  const { node, events, shown } = trace
  const own: MessagePart | null =
    events.length > 0 || shown !== null ? { node, queueId: id, relation: 'asked', events, shown } : null
  const hops = fleet?.hops ?? []
  const isOwn = (hop: { readonly node: string; readonly queueId: string }) => hop.node === node && hop.queueId === id
  if (own && !hops.some(isOwn)) return [own, ...hops.map((hop) => ({ ...hop, shown: null }))]
  return hops.map((hop) => (own && isOwn(hop) ? own : { ...hop, shown: null }))
}

interface Missed {
  readonly id: string
  readonly fleet: FleetTrace | null
  readonly isMissing: boolean
}

function unknown(visit: StatusVisit, { id, fleet, isMissing }: Missed): Page {
  return pageOf(visit, {
    title: `Message ${id}`,
    status: isMissing ? 200 : 404,
    body: html`${missing(fleet, isMissing)}${
      !isMissing &&
      note(
        'warn',
        html`No node that answers knows this message: it is not in the queue, and its events are older than <code>queue.keep_events</code>.`,
      )
    }`,
    ...(isMissing ? { refresh: SOON_S } : {}),
  })
}

/** The parts that the page does not have. */
function missing(fleet: FleetTrace | null, isMissing: boolean): Html | null {
  if (isMissing) return note('plain', 'The other nodes have not answered yet. Show the page again in some seconds.')
  if (!fleet) return null
  const { problems, isCut } = fleet
  const silent = problems.map(({ node, cause }) =>
    note('warn', html`The part of ${foreign(node, 255)} is missing: ${foreign(cause)}`),
  )
  return html`${silent}${isCut && note('plain', 'There is more to follow than a page can; waypost trace --fleet follows from another message.')}`
}

function acts(visit: StatusVisit, id: string, { shown }: NodeTrace): Html {
  const isHeld = shown?.recipients.some(({ state }) => state === 'held') === true
  return html`<div class="acts">${isHeld ? actionLink(visit, 'release', { id }) : actionLink(visit, 'hold', { id })}${actionLink(visit, 'retry', { id })}${actionLink(visit, 'bounce', { id })}</div>`
}

interface Known extends Pick<NodeTrace, 'shown'> {
  readonly id: string
  readonly parts: readonly MessagePart[]
}

function facts(visit: StatusVisit, { id, parts, shown }: Known): Html {
  const asked = parts.filter(({ queueId }) => queueId === id)
  const { received } = messagePath(asked.flatMap(({ events }) => ownEvents(events, id)))
  const sender = shown ? shown.sender : (received?.sender ?? null)
  const octets = shown?.size ?? received?.size ?? null
  const elsewhere = parts.filter((one) => one.shown === null && isWaiting(one))
  const state = shown
    ? badge('plain', `in the queue, ${counted(shown.recipients.length, 'recipient')}`)
    : badge('good', parts.length > asked.length ? 'not in the queue of this node' : 'not in the queue any more')
  return html`<dl><dt>State</dt><dd>${state}${elsewhere.map((part) => waitsElsewhere(visit, part))}</dd>
<dt>Sender</dt><dd>${sender === null ? html`<code>&lt;&gt;</code> (a report)` : address(visit, sender)}</dd>
${received && html`<dt>Message-ID</dt><dd class="mono">${received.messageId === null ? 'none' : foreign(received.messageId)}</dd>`}
${received && html`<dt>Arrived</dt><dd>${time(received.at)} (${relative(received.at, visit.now)})</dd>`}
${shown && html`<dt>Expires</dt><dd>${relative(shown.expiresAt, visit.now)}</dd>`}
${octets !== null && html`<dt>Size</dt><dd>${size(octets)}</dd>`}</dl>`
}

function isWaiting({ events, queueId }: NodePart): boolean {
  const { recipients } = messagePath(ownEvents(events, queueId))
  return recipients.some(({ state }) => state === 'waiting' || state === 'deferred' || state === 'held')
}

/** Other nodes can be read only, and a message of this node has its own page. */
function waitsElsewhere(visit: StatusVisit, { node, queueId }: NodePart): Html {
  if (node === visit.ports.facts.hostname)
    return html`<p class="small">In the queue as <a class="mono" href="${link('/message', { id: queueId })}">${queueId}</a>.</p>`
  return html`<p class="small">In the queue of ${foreign(node, 255)}. Act there: at its status page, or with <code>waypost queue hold ${queueId}</code> on its host.</p>`
}
