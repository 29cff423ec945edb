// The path of a message through one node as a drawing: client, checks, resolution, and each recipient with host, TLS, reply and wait.

import { formatDuration } from '../../lib/duration.ts'
import type { HopRelation } from '../../fleet-view/follow-message.ts'
import { type Html, html } from '../../lib/html.ts'
import type { Event } from '../../observe/events.ts'
import type { ShownMessage } from '../../queue/contract/queue-reader.ts'
import { type NodeWaits, whyWaiting } from '../../queue/scheduling/why-waiting.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card, type Tone } from '../frame.ts'
import { messagePath, type PathRecipient, stateTones, tlsText } from '../message-path.ts'
import type { StatusVisit } from '../status-ports.ts'
import { counted, number, relative, time } from '../words.ts'
import { address } from './messages-view.ts'

/** Recipients of a drawing. `waypost trace` has all of them. */
const MOST_RECIPIENTS = 100

export const badResults: ReadonlySet<string> = new Set([
  'fail',
  'permerror',
  'softfail',
  'reject',
  'unavailable',
  'temperror',
])

/** A message at one node. */
export interface NodePart {
  readonly node: string
  readonly queueId: string
  /** Its events at the node, oldest first. */
  readonly events: readonly Event[]
  /** While it is in the queue of this node. */
  readonly shown: ShownMessage | null
}

/** What it has to do with the message of the page. */
export interface MessagePart extends NodePart {
  readonly relation: HopRelation
}

export function pathCard(visit: StatusVisit, { node, queueId, events, shown }: NodePart, waits: NodeWaits): Html {
  const { received, checked, signed, unsigned, refused, recipients } = messagePath(ownEvents(events, queueId))
  const notes = checked.filter(({ result }) => badResults.has(result))
  const from =
    received &&
    html`<li class="${received.tls === null ? 'plain' : 'good'}"><h3>${originText(received.origin)}</h3>
<p>${foreign(visit.ports.privacy.text(received.remote))}</p><p class="soft small">${received.tls === null ? 'without TLS' : foreign(received.tls)}, origin ${foreign(visit.ports.privacy.text(received.origin))}</p></li>`
  const here = html`<li class="${refused.length > 0 || notes.length > 0 ? 'warn' : 'good'}"><h3>${foreign(node, 255)}</h3>
<p>${received ? html`accepted ${time(received.at)}` : 'the acceptance is not in the ledger any more'}</p>
${checked.length > 0 && html`<p>${checked.map((one) => badge(badResults.has(one.result) ? 'warn' : 'plain', html`${foreign(one.check, 60)} ${foreign(one.result, 60)}`))}</p>`}
${signed.length > 0 && html`<p class="soft small">signed for ${foreign([...new Set(signed.map(({ domain }) => domain))].join(', '))}</p>`}
${unsigned.length > 0 && html`<p class="soft small">not signed: ${foreign(unsigned[0]?.reason ?? '')}</p>`}</li>`
  const branches = recipients.slice(0, MOST_RECIPIENTS).map((one) => branch(visit, one, { shown, waits }))
  const to = html`<li class="${worstTone(recipients)}"><h3>${counted(recipients.length, 'recipient')}</h3>
<ul class="branches">${branches}</ul>${recipients.length > MOST_RECIPIENTS && html`<p class="soft">and ${number(recipients.length - MOST_RECIPIENTS)} more</p>`}</li>`
  return card(`Path at ${node}`, html`<ol class="path">${from}${here}${recipients.length > 0 && to}</ol>`)
}

export function originText(text: string): string {
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

export function worstTone(recipients: readonly PathRecipient[]): Tone {
  const found = new Set(recipients.map(({ state }) => stateTones[state]))
  return (['bad', 'warn', 'plain'] as const).find((tone) => found.has(tone)) ?? 'good'
}

/** Without the history that a transferred message brought along: it is drawn at its node. */
export function ownEvents(events: readonly Event[], queueId: string): readonly Event[] {
  return events.filter((event) => event.queueId === queueId)
}
