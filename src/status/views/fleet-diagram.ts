// The fleet as a block diagram: for each kind of mail a lane from its origin over the nodes to where it leaves.

import { type Html, html } from '../../lib/html.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card } from '../frame.ts'
import { type NodeFigures, nodeLink, type NodeSummary } from '../fleet-summary.ts'
import type { StatusVisit } from '../status-ports.ts'
import { counted, span } from '../words.ts'

interface LanePlan {
  readonly title: string
  readonly from: string
  /** One stage for each role that has nodes. */
  readonly roles: readonly string[]
  readonly to: string
}

/** The roles that mail passes, in its order. */
const plans: readonly LanePlan[] = [
  { title: 'Mail for our domains', from: 'The internet', roles: ['mx', 'srs'], to: 'Mailboxes elsewhere' },
  { title: 'Mail of people', from: 'People', roles: ['submission'], to: 'The internet; mx for our domains' },
  {
    title: 'Mail of machines',
    from: 'Programs, machines',
    roles: ['client', 'mta'],
    to: 'The internet; mx for our domains',
  },
  {
    title: 'All mail in one node',
    from: 'The internet, people',
    roles: ['solo'],
    to: 'Mailboxes elsewhere, the internet',
  },
]
/** Findings in a block; the list of what needs attention and the page of the node have more. */
const MOST_ITEMS = 1

export function fleetDiagram(visit: StatusVisit, nodes: readonly NodeSummary[]): Html {
  const planned = new Set(plans.flatMap(({ roles }) => roles))
  const further = [...new Set(nodes.flatMap(({ role }) => (role === null || planned.has(role) ? [] : [role])))]
  const others = further.map((role) => ({
    title: `Mail of ${role}`,
    from: 'Its clients',
    roles: [role],
    to: 'Its next hops',
  }))
  const lanes = [...plans, ...others].flatMap((plan) => lane(visit, plan, nodes))
  const unknown = nodes.filter(({ role }) => role === null)
  const silent =
    unknown.length > 0 &&
    html`<h3>Nodes that have not answered since the start of this one</h3><ul class="lane"><li>${unknown.map((one) => block(visit, one))}</li></ul>`
  return card('The fleet', html`${lanes}${silent}`)
}

function lane(
  visit: StatusVisit,
  { title, from, roles, to }: LanePlan,
  nodes: readonly NodeSummary[],
): readonly Html[] {
  const stages = roles.map((role) => nodes.filter((one) => one.role === role)).filter((stage) => stage.length > 0)
  if (stages.length === 0) return []
  const drawn = stages.map((stage) => html`<li>${stage.map((one) => block(visit, one))}</li>`)
  const end = (text: string) => html`<li class="end"><p>${text}</p></li>`
  return [html`<h3>${foreign(title, 80)}</h3><ol class="lane">${end(from)}${drawn}${end(to)}</ol>`]
}

function block({ ports }: StatusVisit, one: NodeSummary): Html {
  const { name, role, isOwn, tone, state, figures, items, oldAnswerMs } = one
  const title = isOwn ? html`${name}` : html`<a href="${nodeLink(name)}">${foreign(name, 255)}</a>`
  const age = oldAnswerMs !== null && html`<p class="small"><strong>Last answer ${span(oldAnswerMs)} ago</strong></p>`
  const findings = items
    .slice(0, MOST_ITEMS)
    .map(({ what }) => html`<p class="small soft">${foreign(ports.privacy.text(shortened(what, name)), 120)}</p>`)
  const tag = isOwn ? html` <span class="tag">this node</span>` : null
  return html`<div class="box ${tone}"><h4>${title}${tag}</h4><p>${badge(tone, state)}${role !== null && html` <span class="soft small">${foreign(role, 60)}</span>`}</p>${figures && lines(figures)}${age}${findings}</div>`
}

function lines({ accepted, delivered, waiting, oldestMs }: NodeFigures): Html {
  const oldest = oldestMs === null ? '' : `, the oldest ${span(oldestMs)}`
  const queue =
    waiting === null
      ? 'queue not known'
      : waiting === 0
        ? 'nothing waits'
        : `${counted(waiting, 'recipient')} wait${waiting === 1 ? 's' : ''}${oldest}`
  return html`<p class="small">${accepted} in, ${delivered} out a minute</p><p class="small">${queue}</p>`
}

/** The block has the name already. */
function shortened(text: string, name: string): string {
  return text.startsWith(`${name}: `)
    ? text.slice(name.length + 2)
    : text.startsWith(`${name} `)
      ? text.slice(name.length + 1)
      : text
}
