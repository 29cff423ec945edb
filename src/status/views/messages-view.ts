// Queued messages, part by part: those of a destination, of a sender, or of any other filter.

import { type Html, html } from '../../lib/html.ts'
import type { Page } from '../../lib/http-page.ts'
import type { ListedMessage, ListedRecipient } from '../../queue/contract/queue-reader.ts'
import { type NodeWaits, whyWaiting } from '../../queue/scheduling/why-waiting.ts'
import { actionLink } from '../action-link.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card, link, pageOf, table, type Tone } from '../frame.ts'
import type { StatusVisit } from '../status-ports.ts'
import { number, relative, size } from '../words.ts'
import { filterOf, filterQuery, messageFilter } from './message-filter.ts'

/** Recipients of a part. */
const PAGE_SIZE = 50
/** Of one message; its page has all. */
const MOST_RECIPIENTS = 3
const KEEP_MS = 3_000

const stateTones: Readonly<Record<ListedRecipient['state'], Tone>> = {
  queued: 'plain',
  deferred: 'warn',
  claimed: 'plain',
  held: 'warn',
  delivered: 'good',
  failed: 'bad',
  expired: 'bad',
  transferring: 'plain',
}

export async function messagesView(visit: StatusVisit): Promise<Page> {
  const { query, ports, single } = visit
  const filter = filterOf(query)
  const wanted = Number(query.get('after') ?? '')
  const after = query.has('after') && Number.isSafeInteger(wanted) && wanted >= 0 ? wanted : null
  const values = filterQuery(query)
  const { part, waits } = await single.run(`messages ${JSON.stringify([filter, after])}`, KEEP_MS, async () => ({
    part: await ports.queue.reader.page(filter, { after, limit: PAGE_SIZE }),
    waits: await ports.queue.waits(),
  }))
  const { messages, next } = part
  const columns = [
    { name: 'Message' },
    { name: 'Arrived' },
    { name: 'Sender' },
    { name: 'Recipients, and why they wait' },
  ]
  const rows = messages.map((message) => [
    html`<a class="mono" href="${link('/message', { id: message.queueId })}">${message.queueId}</a><br><span class="soft small">${size(message.size)}</span>`,
    relative(message.arrivedAt, visit.now),
    address(visit, message.sender ?? '<>'),
    recipients(visit, message, waits),
  ])
  const empty = next === null ? 'No message fits.' : 'None in this part of the queue.'
  const { destination } = values
  const isExact = destination !== undefined && !destination.includes('*')
  const acts =
    isExact &&
    html`<div class="acts">${actionLink(visit, 'retry', { destination })}${actionLink(visit, 'hold', { destination })}${actionLink(visit, 'release', { destination })}${actionLink(visit, 'bounce', { destination })}${actionLink(visit, 'suspend', { destination })}</div>`
  const body = html`<section class="card">${messageFilter(query)}</section>
${card('Messages', table('Queued messages', columns, rows, empty), acts)}
<div class="pages">${after !== null && html`<a class="button quiet" href="${link('/queue/messages', values)}">From the start</a>`}${next !== null && html`<a class="button quiet" href="${link('/queue/messages', { ...values, after: next })}">Later messages</a>`}</div>`
  return pageOf(visit, { title: isExact ? `Mail for ${destination.slice(0, 200)}` : 'Messages in the queue', body })
}

/** An address as the configuration permits to show it. */
export function address({ ports }: StatusVisit, text: string): Html {
  return foreign(ports.privacy.text(text))
}

function recipients(visit: StatusVisit, { recipients: all, queueId }: ListedMessage, waits: NodeWaits): Html {
  const shown = all.slice(0, MOST_RECIPIENTS).map((one) => html`<li>${recipientLine(visit, one, waits)}</li>`)
  const more = all.length - shown.length
  return html`<ul class="plainlist">${shown}</ul>${more > 0 && html`<a class="small" href="${link('/message', { id: queueId })}">and ${number(more)} more</a>`}`
}

function recipientLine(visit: StatusVisit, recipient: ListedRecipient, waits: NodeWaits): Html {
  const { state, last, attempts } = recipient
  const wait = whyWaiting(recipient, waits, visit.now)
  return html`${address(visit, recipient.address)} ${badge(stateTones[state], state)}
<div class="small soft">${wait && html`${foreign(visit.ports.privacy.text(wait.text), 400)}. `}${attempts > 0 && `${number(attempts)} ${attempts === 1 ? 'attempt' : 'attempts'}. `}${last && html`Last reply ${relative(last.at, visit.now)}${last.host !== null && html` of ${foreign(last.host)}`}: ${foreign(visit.ports.privacy.text(last.reply), 400)}${last.class !== null && html` (${foreign(last.class)})`}`}</div>`
}
