// Now: what needs attention, the flow of mail through the node as a block diagram, its health, and what the node is.

import { type Html, html } from '../../lib/html.ts'
import type { Page } from '../../lib/http-page.ts'
import type { Health, HealthReport } from '../../observe/health-report.ts'
import { type Attention, attentionOf } from '../attention.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card, pageOf, table, type Tone } from '../frame.ts'
import type { History, Series } from '../history.ts'
import { sparkline } from '../sparkline.ts'
import type { NodePulse, StatusVisit } from '../status-ports.ts'
import { counted, number, rate, relative, span } from '../words.ts'

const REFRESH_S = 10
/** Answers to several browsers are one query. */
const KEEP_MS = 3_000
/** Minutes of the sparklines of the diagram. */
const CHART_MIN = 60
/** Minutes of a rate. */
const RATE_MIN = 5
/** Of the block; the card of the node has all. */
const MOST_LISTENERS = 4

const tones = { ok: 'good', degraded: 'warn', failing: 'bad' } as const satisfies Record<Health['kind'], Tone>

export async function nowView(visit: StatusVisit): Promise<Page> {
  const { now } = visit
  const known = await visit.single.run('now', KEEP_MS, () => collect(visit))
  const { health, pulses } = known
  const items = attentionOf({ ...known, now })
  const title = {
    ok: 'The node works',
    degraded: 'The node works, with problems',
    failing: 'The node does not do its work',
  }[health.kind]
  const body = html`${attention(items, visit)}
${flow(visit, known)}
<div class="columns">${healthCard(health)}<div>${nodeCard(visit)}${pulses.length > 1 && pulsesCard(pulses)}</div></div>`
  return pageOf(visit, { title, body, refresh: REFRESH_S })
}

async function collect({ ports }: StatusVisit) {
  const { queue, accounts, nodes } = ports
  const [pulses, overview, state, waits, holds, health] = await Promise.all([
    nodes.pulses(),
    queue.reader.overview(),
    queue.health(),
    queue.waits(),
    accounts.holds(),
    ports.health(),
  ])
  return { pulses, overview, state, waits, holds, health, destinations: queue.destinations() }
}

type Known = Awaited<ReturnType<typeof collect>>

function attention(items: readonly Attention[], { ports }: StatusVisit): Html {
  if (items.length === 0)
    return card(
      'What needs attention',
      html`<p>${badge('good', 'Nothing')} All checks are fine, and no mail waits for an operator.</p>`,
    )
  const lines = items.map(({ tone, what, advice, to }) => {
    const word = { bad: 'Act now', warn: 'Act', plain: 'Look' }[tone]
    const text = foreign(ports.privacy.text(what), 400)
    return html`<li><p>${badge(tone, word)}</p><div><p>${to === null ? text : html`<a href="${to}">${text}</a>`}</p><p class="soft small">${advice}</p></div></li>`
  })
  return card('What needs attention', html`<ul class="attention">${lines}</ul>`)
}

/** The path of mail through the node: five blocks, each with its rate and its last hour. */
function flow(visit: StatusVisit, known: Known): Html {
  const { overview, waits } = known
  const { history, facts } = visit.ports
  const deferred = total(history.counts('deferred', CHART_MIN))
  const failed = total(history.counts('failed', CHART_MIN))
  const unreachable = [...waits.destinations.values()].filter(({ reason }) => reason === 'unreachable').length
  const blocks = [
    block('Arrives', {
      big: perMinute(history, ['accepted', 'refused']),
      unit: 'a minute',
      chart: chart(history, 'accepted', { tone: 'plain', what: 'Accepted' }),
      lines: facts.listeners
        .slice(0, MOST_LISTENERS)
        .map(({ name, address }) => html`${name} <span class="mono">${address}</span>`),
    }),
    block('Checks', {
      big: perMinute(history, ['refused']),
      unit: 'refused a minute',
      chart: chart(history, 'refused', { tone: 'warn', what: 'Refused' }),
      lines: [
        html`${perMinute(history, ['accepted'])} accepted a minute`,
        html`<a href="/checks">Why mail is refused</a>`,
      ],
    }),
    queueBlock(visit, known),
    block('Delivery', {
      tone: waits.stopped !== null ? 'bad' : unreachable > 0 ? 'warn' : 'good',
      big: number(deferred),
      unit: 'deferred in an hour',
      chart: chart(history, 'deferred', { tone: 'warn', what: 'Deferred' }),
      lines: [
        html`${counted(unreachable, 'unreachable destination')}`,
        html`${counted(overview.noticesDue, 'notice')} due to senders`,
      ],
    }),
    block('Leaves', {
      tone: failed > 0 ? 'warn' : 'good',
      big: perMinute(history, ['delivered']),
      unit: 'a minute',
      chart: chart(history, 'delivered', { tone: 'good', what: 'Delivered' }),
      lines: [
        html`${number(total(history.counts('delivered', CHART_MIN)))} delivered, ${number(failed)} failed in an hour`,
        html`<a href="/destinations">By destination</a>`,
      ],
    }),
  ]
  return html`<ol class="flow" aria-label="Path of mail through this node">${blocks}</ol>`
}

function queueBlock({ ports, now }: StatusVisit, { overview, state, destinations }: Known): Html {
  const waiting = state.kind === 'ok' ? state.waiting : null
  const values = ports.history.waiting(CHART_MIN)
  const most = Math.max(0, ...values.map((one) => one ?? 0))
  const isStopped = overview.held > 0 || overview.suspended.length > 0
  const held = overview.held > 0 && html`, <a href="/queue/messages?state=held">${number(overview.held)} held</a>`
  return block('Queue', {
    tone: state.kind !== 'ok' ? 'bad' : isStopped ? 'warn' : 'good',
    big: waiting === null ? '–' : number(waiting),
    unit: waiting === 1 ? 'recipient waits' : 'recipients wait',
    chart: sparkline({ values, label: `Waiting in the last hour, at most ${number(most)}` }),
    lines: [
      overview.oldestArrivedAt === null ? html`empty` : html`oldest ${relative(overview.oldestArrivedAt, now)}`,
      html`<a href="/queue">${counted(destinations.length, 'destination')}</a>${held}`,
    ],
  })
}

function perMinute(history: History, names: readonly Series[]): string {
  const minutes = Math.max(1, Math.min(RATE_MIN, history.age))
  // The present minute is not over.
  const sums = names.map((name) => total(history.counts(name, minutes + 1).slice(0, -1)))
  return rate(total(sums), minutes)
}

interface Drawn {
  readonly tone: Tone
  readonly what: string
}

function chart(history: History, name: Series, { tone, what }: Drawn): Html {
  const values = history.counts(name, CHART_MIN + 1).slice(0, -1)
  const most = number(Math.max(...values))
  return sparkline({
    values,
    tone,
    label: `${what} in the last hour: ${number(total(values))}, at most ${most} a minute`,
  })
}

function block(name: string, { tone = 'good', big, unit, chart: drawing, lines }: Block): Html {
  const list = lines.map((line) => html`<li>${line}</li>`)
  return html`<li class="${tone}"><h2>${name}</h2><p class="big">${big} <small>${unit}</small></p>${drawing}<ul>${list}</ul></li>`
}

interface Block {
  readonly tone?: Tone
  readonly big: string
  readonly unit: string
  readonly chart: Html
  readonly lines: readonly Html[]
}

function healthCard({ checks }: HealthReport): Html {
  const order = ['failing', 'degraded', 'ok']
  const fine = Object.entries(checks).flatMap(([name, health]) =>
    health.kind === 'ok' && health.note === undefined ? [name] : [],
  )
  const rows = Object.entries(checks)
    .filter(([name]) => !fine.includes(name))
    .toSorted(([, a], [, b]) => order.indexOf(a.kind) - order.indexOf(b.kind))
    .map(([name, health]) => [
      html`<strong>${name}</strong>`,
      badge(tones[health.kind], health.kind),
      'reason' in health ? foreign(health.reason, 400) : health.note === undefined ? '' : foreign(health.note, 400),
    ])
  const list = fine.map((name) => html`<li>${badge('good', name)}</li>`)
  return card(
    'Health',
    html`${rows.length > 0 && table('Checks of the health', [{ name: 'Check' }, { name: 'State' }, { name: 'What' }], rows)}
<h3>Without a finding</h3><ul class="marks">${list}</ul>`,
  )
}

function nodeCard({ ports: { facts, history }, now, operator }: StatusVisit): Html {
  const right = operator.right === 'act' ? 'may act' : 'may look only'
  return card(
    'This node',
    html`<dl><dt>Name</dt><dd>${facts.hostname}</dd><dt>Role</dt><dd>${facts.role}</dd>
<dt>Started</dt><dd>${relative(facts.startedAt, now)}</dd>
<dt>Listens on</dt><dd><ul class="plainlist">${facts.listeners.map(({ name, address }) => html`<li>${name} <span class="mono">${address}</span></li>`)}</ul></dd>
<dt>Drawings</dt><dd>from the last ${span(Math.max(1, history.age) * 60_000)}, in memory</dd>
<dt>You</dt><dd>${operator.name}, ${right}</dd></dl>`,
  )
}

function pulsesCard(pulses: readonly NodePulse[]): Html {
  const rows = pulses.map(({ node, role, health }) => [
    node,
    role,
    health ? badge(tones[health.kind], health.kind) : badge('bad', 'no answer'),
  ])
  return card('Nodes', table('Nodes', [{ name: 'Node' }, { name: 'Role' }, { name: 'Health' }], rows))
}

function total(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0)
}
