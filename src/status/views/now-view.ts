// Now: what needs attention, the fleet and the flow of mail through this node as block diagrams, its health, and what the node is.

import { type Html, html } from '../../lib/html.ts'
import type { Page } from '../../lib/http-page.ts'
import type { History, Series } from '../../observe/event-history.ts'
import type { Health } from '../../observe/health-report.ts'
import { type Attention, attentionOf, worstFirst } from '../attention.ts'
import { healthTones, type NodeSummary, summaryOf } from '../fleet-summary.ts'
import { card, pageOf, type Tone } from '../frame.ts'
import { sparkline } from '../sparkline.ts'
import type { StatusVisit } from '../status-ports.ts'
import { counted, number, rate, relative, span } from '../words.ts'
import { attentionCard } from './attention-card.ts'
import { fleetDiagram } from './fleet-diagram.ts'
import { healthCard } from './health-card.ts'

const REFRESH_S = 10
/** Answers to several browsers are one query. */
const KEEP_MS = 3_000
/** Minutes of the sparklines of the diagram. */
const CHART_MIN = 60
/** Minutes of a rate. */
const RATE_MIN = 5
/** Of the block; the card of the node has all. */
const MOST_LISTENERS = 4

export async function nowView(visit: StatusVisit): Promise<Page> {
  const { now, ports } = visit
  const { nodes, facts } = ports
  const [known, board] = await Promise.all([
    visit.single.run('now', KEEP_MS, () => collect(visit)),
    nodes.others.length === 0 ? [] : nodes.board(),
  ])
  const others = board.map(summaryOf)
  const own = attentionOf({ ...known, now })
  const items = worstFirst([...own, ...others.flatMap((one) => one.items)])
  const nothing = `All checks are fine${others.length > 0 ? ' at all nodes' : ''}, and no mail waits for an operator.`
  const hasFleet = others.length > 0
  const body = html`${attentionCard(visit, items, nothing)}
${hasFleet && fleetDiagram(visit, [ownSummary(visit, known, own), ...others])}
${hasFleet && html`<h2 class="part">This node: ${facts.hostname}</h2>`}
${flow(visit, known)}
<div class="columns">${healthCard(visit, known.health)}${nodeCard(visit)}</div>`
  return pageOf(visit, {
    title: hasFleet ? fleetTitle(known.health.kind, others) : titles[known.health.kind],
    body,
    refresh: REFRESH_S,
  })
}

const titles = {
  ok: 'The node works',
  degraded: 'The node works, with problems',
  failing: 'The node does not do its work',
} as const satisfies Record<Health['kind'], string>

function fleetTitle(own: Health['kind'], others: readonly NodeSummary[]): string {
  const tones = [healthTones[own], ...others.map(({ tone }) => tone)]
  const broken = tones.filter((tone) => tone === 'bad').length
  if (broken > 0) return `${broken} of ${tones.length} nodes ${broken === 1 ? 'does' : 'do'} not work or answer`
  return tones.includes('warn') ? `All ${tones.length} nodes work, with problems` : `All ${tones.length} nodes work`
}

/** This node as the others are shown. */
function ownSummary(
  { ports: { facts, history }, now }: StatusVisit,
  { health, state, overview }: Known,
  items: readonly Attention[],
): NodeSummary {
  return {
    name: facts.hostname,
    role: facts.role,
    isOwn: true,
    tone: healthTones[health.kind],
    state: health.kind,
    figures: {
      accepted: perMinute(history, ['accepted']),
      delivered: perMinute(history, ['delivered']),
      waiting: state.kind === 'ok' ? state.waiting : null,
      oldestMs: overview.oldestArrivedAt === null ? null : now - overview.oldestArrivedAt,
    },
    items,
    oldAnswerMs: null,
  }
}

async function collect({ ports }: StatusVisit) {
  const { queue, accounts } = ports
  const [overview, state, waits, holds, health] = await Promise.all([
    queue.reader.overview(),
    queue.health(),
    queue.waits(),
    accounts.holds(),
    ports.health(),
  ])
  return { overview, state, waits, holds, health, destinations: queue.destinations() }
}

type Known = Awaited<ReturnType<typeof collect>>

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

function total(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0)
}
