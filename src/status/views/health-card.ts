// The health of a node, this one or another one: checks with a finding first.

import { type Html, html } from '../../lib/html.ts'
import type { Health } from '../../observe/health-report.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card, table } from '../frame.ts'
import { healthTones } from '../fleet-summary.ts'
import type { StatusVisit } from '../status-ports.ts'

/** @param checks by name; names and texts can be those of another node */
export function healthCard(
  { ports }: StatusVisit,
  { checks }: { readonly checks: Readonly<Record<string, Health>> },
): Html {
  const order = ['failing', 'degraded', 'ok']
  const fine = Object.entries(checks).flatMap(([name, health]) =>
    health.kind === 'ok' && health.note === undefined ? [name] : [],
  )
  const text = (value: string) => foreign(ports.privacy.text(value), 400)
  const rows = Object.entries(checks)
    .filter(([name]) => !fine.includes(name))
    .toSorted(([, a], [, b]) => order.indexOf(a.kind) - order.indexOf(b.kind))
    .map(([name, health]) => [
      html`<strong>${foreign(name, 60)}</strong>`,
      badge(healthTones[health.kind], health.kind),
      'reason' in health ? text(health.reason) : health.note === undefined ? '' : text(health.note),
    ])
  const list = fine.map((name) => html`<li>${badge('good', foreign(name, 60))}</li>`)
  return card(
    'Health',
    html`${rows.length > 0 && table('Checks of the health', [{ name: 'Check' }, { name: 'State' }, { name: 'What' }], rows)}
<h3>Without a finding</h3><ul class="marks">${list}</ul>`,
  )
}
