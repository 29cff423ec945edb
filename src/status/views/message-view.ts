// Message: its path hop by hop as a drawing, and every event, of each node that knows it.

import { type Html, html } from '../../lib/html.ts'
import type { Page } from '../../lib/http-page.ts'
import { formatDuration } from '../../lib/duration.ts'
import { formatSize } from '../../lib/size.ts'
import { isQueueId } from '../../lib/ids.ts'
import { describeEvent, stepLines } from '../../observe/describe-event.ts'
import type { Event } from '../../observe/events.ts'
import { whyWaiting } from '../../queue/scheduling/why-waiting.ts'
import type { ShownMessage } from '../../queue/contract/queue-reader.ts'
import type { NodeWaits } from '../../queue/scheduling/why-waiting.ts'
import { actionLink } from '../action-link.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card, link, note, pageOf, table, type Tone } from '../frame.ts'
import { messagePath, type PathRecipient, stateTones, tlsText } from '../message-path.ts'
import type { NodeTrace, StatusVisit } from '../status-ports.ts'
import { counted, number, relative, time } from '../words.ts'
import { address } from './messages-view.ts'

const KEEP_MS = 2_000
/** Recipients of a drawing, and events of a table. `waypost trace` has all of them. */
const MOST_RECIPIENTS = 100
const MOST_EVENTS = 500

const bad: ReadonlySet<string> = new Set(['fail', 'permerror', 'softfail', 'reject', 'unavailable', 'temperror'])

export async function messageView(visit: StatusVisit): Promise<Page> {
  const { query, ports, single } = visit
  const id = query.get('id') ?? ''
  if (!isQueueId(id))
    return pageOf(visit, {
      title: 'Message',
      status: 404,
      body: note('warn', html`This is no queue ID. <a href="/search">Search for the message</a>.`),
    })
  const known = await single.run(`message ${id}`, KEEP_MS, async () => ({
    traces: await ports.nodes.trace(id),
    waits: await ports.queue.waits(),
  }))
  const traces = known.traces.filter(
    ({ events, shown, problem }) => events.length > 0 || shown !== null || problem !== null,
  )
  if (traces.length === 0)
    return pageOf(visit, {
      title: `Message ${id}`,
      status: 404,
      body: note(
        'warn',
        html`No node knows this message: it is not in the queue, and its events are older than <code>queue.keep_events</code>.`,
      ),
    })
  const shown = traces.find((one) => one.shown)?.shown ?? null
  const isHeld = shown?.recipients.some(({ state }) => state === 'held') === true
  const acts =
    shown &&
    html`<div class="acts">${isHeld ? actionLink(visit, 'release', { id }) : actionLink(visit, 'hold', { id })}${actionLink(visit, 'retry', { id })}${actionLink(visit, 'bounce', { id })}</div>`
  const body = html`${card('What is known', facts(visit, traces, shown), acts)}
${traces.map((trace) => drawing(visit, trace, known.waits))}
${traces.map((trace) => eventCard(visit, trace))}`
  return pageOf(visit, { title: `Message ${id}`, body, ...(shown ? { refresh: 15 } : {}) })
}

function facts(visit: StatusVisit, traces: readonly NodeTrace[], shown: ShownMessage | null): Html {
  const { received } = messagePath(traces.flatMap(({ events }) => own(events, visit)))
  const sender = shown ? shown.sender : (received?.sender ?? null)
  const size = shown?.size ?? received?.size ?? null
  return html`<dl><dt>State</dt><dd>${shown ? badge('plain', `in the queue, ${counted(shown.recipients.length, 'recipient')}`) : badge('good', 'not in the queue any more')}</dd>
<dt>Sender</dt><dd>${sender === null ? html`<code>&lt;&gt;</code> (a report)` : address(visit, sender)}</dd>
${received && html`<dt>Message-ID</dt><dd class="mono">${received.messageId === null ? 'none' : foreign(received.messageId)}</dd>`}
${received && html`<dt>Arrived</dt><dd>${time(received.at)} (${relative(received.at, visit.now)})</dd>`}
${shown && html`<dt>Expires</dt><dd>${relative(shown.expiresAt, visit.now)}</dd>`}
${size !== null && html`<dt>Size</dt><dd>${formatSize(size)}</dd>`}</dl>`
}

/** Without the history that a transferred message brought along: it is drawn at its node. */
function own(events: readonly Event[], visit: StatusVisit): readonly Event[] {
  const id = visit.query.get('id')
  return events.filter(({ queueId }) => queueId === id)
}

function drawing(visit: StatusVisit, { node, events, shown, problem }: NodeTrace, waits: NodeWaits): Html {
  if (problem !== null) return card(`Path at ${node}`, note('bad', foreign(problem)))
  const { received, checked, signed, unsigned, refused, recipients } = messagePath(own(events, visit))
  const notes = checked.filter(({ result }) => bad.has(result))
  const from =
    received &&
    html`<li class="${received.tls === null ? 'plain' : 'good'}"><h3>${origin(received.origin)}</h3>
<p>${foreign(visit.ports.privacy.text(received.remote))}</p><p class="soft small">${received.tls === null ? 'without TLS' : foreign(received.tls)}, origin ${foreign(visit.ports.privacy.text(received.origin))}</p></li>`
  const here = html`<li class="${refused.length > 0 || notes.length > 0 ? 'warn' : 'good'}"><h3>${node}</h3>
<p>${received ? html`accepted ${time(received.at)}` : 'the acceptance is not in the ledger any more'}</p>
${checked.length > 0 && html`<p>${checked.map((one) => badge(bad.has(one.result) ? 'warn' : 'plain', html`${foreign(one.check, 60)} ${foreign(one.result, 60)}`))}</p>`}
${signed.length > 0 && html`<p class="soft small">signed for ${foreign([...new Set(signed.map(({ domain }) => domain))].join(', '))}</p>`}
${unsigned.length > 0 && html`<p class="soft small">not signed: ${foreign(unsigned[0]?.reason ?? '')}</p>`}</li>`
  const branches = recipients.slice(0, MOST_RECIPIENTS).map((one) => branch(visit, one, { shown, waits }))
  const to = html`<li class="${worst(recipients)}"><h3>${counted(recipients.length, 'recipient')}</h3>
<ul class="branches">${branches}</ul>${recipients.length > MOST_RECIPIENTS && html`<p class="soft">and ${number(recipients.length - MOST_RECIPIENTS)} more</p>`}</li>`
  return card(`Path at ${node}`, html`<ol class="path">${from}${here}${recipients.length > 0 && to}</ol>`)
}

function origin(text: string): string {
  if (text.startsWith('user:')) return 'A person'
  if (text.startsWith('machine:')) return 'A machine'
  return (
    ({ internet: 'The internet', peer: 'A node of ours', local: 'A program of this host' } as Record<string, string>)[
      text.split(/[: ]/)[0] ?? ''
    ] ?? 'The client'
  )
}

interface BranchFacts {
  readonly shown: ShownMessage | null
  readonly waits: NodeWaits
}

function branch(visit: StatusVisit, one: PathRecipient, { shown, waits }: BranchFacts): Html {
  const { original, nextHop, state, last, attempts } = one
  const { ports, now } = visit
  const queued = shown?.recipients.find((each) => each.address === one.address)
  const wait = queued ? whyWaiting(queued, waits, now) : null
  const reply = last && 'reply' in last ? last : null
  return html`<li class="${stateTones[state]}"><p>${original !== one.address && html`${address(visit, original)} → `}<strong>${address(visit, one.address)}</strong> ${badge(stateTones[state], state)}</p>
${nextHop !== null && html`<p class="soft small">next hop <span class="mono">${foreign(nextHop)}</span>${one.steps.length > 0 && `, ${counted(one.steps.length, 'step')} of resolution`}</p>`}
${reply && html`<p class="small">${relative(reply.at, now)}${'host' in reply && reply.host !== null && html` at ${foreign(reply.host)}`}${'tls' in reply && html`, ${foreign(tlsText(reply.tls))}`}${reply.kind === 'delivered' && html`, ${duration(reply.delayMs)} after it arrived`}: ${foreign(ports.privacy.text(reply.reply), 400)}</p>`}
${last && 'by' in last && html`<p class="small">by ${foreign(last.by ?? '')}${'reason' in last && last.reason !== '' && html`: ${foreign(ports.privacy.text(last.reason))}`}</p>`}
${attempts > 1 && html`<p class="soft small">${number(attempts)} attempts</p>`}
${wait && html`<p class="small"><strong>Waits</strong>: ${foreign(ports.privacy.text(wait.text), 400)}</p>`}</li>`
}

/** Entries of earlier releases have no delay. */
function duration(ms: number | undefined): string {
  if (ms === undefined) return 'some time'
  return ms < 1000 ? `${Math.round(ms)} ms` : formatDuration(Math.round(ms / 1000) * 1000)
}

function worst(recipients: readonly PathRecipient[]): Tone {
  const found = new Set(recipients.map(({ state }) => stateTones[state]))
  return (['bad', 'warn', 'plain'] as const).find((tone) => found.has(tone)) ?? 'good'
}

function eventCard(visit: StatusVisit, { node, events }: NodeTrace): Html {
  const { privacy } = visit.ports
  const rows = events.slice(-MOST_EVENTS).map((original) => {
    const event = privacy.event(original)
    const steps = stepLines(event)
    return [
      time(event.at),
      html`${foreign(describeEvent(event), 1000)}${steps.length > 0 && html`<ul>${steps.map((step) => html`<li>${foreign(privacy.text(step))}</li>`)}</ul>`}${event.queueId !== null && event.queueId !== visit.query.get('id') && html` <a class="mono" href="${link('/message', { id: event.queueId })}">${event.queueId}</a>`}`,
    ]
  })
  const more = events.length - rows.length
  return card(
    `Every event at ${node}`,
    html`${more > 0 && note('plain', `The first ${number(more)} events are left out; waypost trace has them.`)}<div class="events">${table(`Events at ${node}`, [{ name: 'Time' }, { name: 'Event' }], rows)}</div>`,
  )
}
