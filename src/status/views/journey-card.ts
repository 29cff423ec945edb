// The way of a message over the nodes as a drawing: a lane from its origin to its destinations, and lanes for what came back.

import { type Html, html } from '../../lib/html.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card, link } from '../frame.ts'
import { acceptedIds, journeyOf, type Lane } from '../journey.ts'
import { messagePath, type PathRecipient, stateTones } from '../message-path.ts'
import type { StatusVisit } from '../status-ports.ts'
import { number, relative } from '../words.ts'
import { address } from './messages-view.ts'
import { badResults, type MessagePart, originText, ownEvents, worstTone } from './path-card.ts'

/** Destinations of a lane. The drawings of the nodes have all. */
const MOST_ENDS = 6

const titles: Readonly<Record<Lane['kind'], string>> = {
  message: 'The message',
  dsn: 'A notification about it',
  returned: 'A bounce to its rewritten sender (it may be about another message of that sender)',
}

type Drawn = Pick<MessagePart, 'node' | 'queueId' | 'relation' | 'events'>

export function journeyCard(visit: StatusVisit, parts: readonly MessagePart[]): Html {
  const lanes = journeyOf(parts).map((lane) => {
    const stages = lane.stages.map((stage) => html`<li>${stage.map((hop) => block(visit, hop))}</li>`)
    return html`<h3>${titles[lane.kind]}</h3><ol class="lane">${start(visit, lane)}${stages}${ends(visit, lane)}</ol>`
  })
  return card('Path over the nodes', lanes)
}

function pathOf({ events, queueId }: Drawn) {
  return messagePath(ownEvents(events, queueId))
}

/** Where the lane begins: the client of the first node. */
function start(visit: StatusVisit, { kind, stages }: Lane): Html {
  const [first] = stages[0] ?? []
  const received = first ? pathOf(first).received : null
  if (!received) return html`<li class="end"><p>The beginning is not known</p></li>`
  // The node writes notifications itself.
  if (kind === 'dsn' && received.origin.startsWith('local'))
    return html`<li class="end"><p>Written by the node</p></li>`
  return html`<li class="end"><p>${originText(received.origin)}</p><p class="small soft">${foreign(visit.ports.privacy.text(received.remote))}</p></li>`
}

function block(visit: StatusVisit, hop: Drawn): Html {
  const { node, queueId } = hop
  const { received, checked, signed, refused, recipients } = pathOf(hop)
  const findings = checked.filter(({ result }) => badResults.has(result))
  const tone = recipients.length > 0 ? worstTone(recipients) : refused.length > 0 ? 'bad' : 'plain'
  const isHere = queueId === visit.query.get('id')
  const id = isHere
    ? html`<strong class="mono">${queueId}</strong>`
    : html`<a class="mono" href="${link('/message', { id: queueId })}">${queueId}</a>`
  return html`<div class="box ${tone}"><h4>${foreign(node, 255)}</h4><p class="small">${id}</p>
${received && html`<p class="small soft">accepted ${relative(received.at, visit.now)}</p>`}
${findings.length > 0 && html`<p>${findings.slice(0, MOST_ENDS).map((one) => badge('warn', html`${foreign(one.check, 60)} ${foreign(one.result, 60)}`))}</p>`}
${signed.length > 0 && html`<p class="small soft">signed for ${foreign([...new Set(signed.map(({ domain }) => domain))].join(', '), 120)}</p>`}
${rewritten(visit, hop)}</div>`
}

function rewritten({ ports }: StatusVisit, { events }: Drawn): Html | null {
  const event = events.find((one) => one.kind === 'resolved' && /^SRS[01][-+=]/i.test(one.reversePath ?? ''))
  return event?.kind === 'resolved' && event.reversePath !== null
    ? html`<p class="small soft">sender rewritten to ${foreign(ports.privacy.text(event.reversePath), 120)}</p>`
    : null
}

/** Where it left the fleet, or waits: recipients that no node of the lane accepted from another one. */
function ends(visit: StatusVisit, { stages }: Lane): Html {
  const hops = stages.flat()
  const known = new Set(hops.map(({ queueId }) => queueId))
  const left = hops.flatMap((hop) => {
    const { recipients } = pathOf(hop)
    return recipients.filter(({ last }) => {
      const next = last ? [...acceptedIds({ events: [last] })] : []
      return !next.some((id) => known.has(id))
    })
  })
  const shown = left.slice(0, MOST_ENDS).map((one) => end(visit, one))
  const more = left.length - shown.length
  return html`<li class="end">${shown.length > 0 ? shown : html`<p>No recipient is known</p>`}${more > 0 && html`<p class="soft small">and ${number(more)} more</p>`}</li>`
}

function end(visit: StatusVisit, { address: to, state, last }: PathRecipient): Html {
  const host = last && 'host' in last && typeof last.host === 'string' ? last.host : null
  return html`<div class="goal"><p>${address(visit, to)}</p><p>${badge(stateTones[state], state)}</p>${host !== null && html`<p class="small soft">${foreign(host, 160)}</p>`}</div>`
}
