// Destinations: success, time, TLS and replies, by the organization that runs the hosts.

import { type Html, html } from '../../lib/html.ts'
import type { Page } from '../../lib/http-page.ts'
import { formatDuration } from '../../lib/duration.ts'
import type { DestinationFigures } from '../destination-report.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card, link, pageOf, table } from '../frame.ts'
import { ledgerReport, spanOf } from '../ledger-report.ts'
import { bar } from '../sparkline.ts'
import type { StatusVisit } from '../status-ports.ts'
import { counted, number } from '../words.ts'
import { otherDeliveries } from './other-nodes.ts'
import { spanLinks } from './span-links.ts'

/** The busiest ones. */
const MOST_SHOWN = 100

export async function destinationsView(visit: StatusVisit): Promise<Page> {
  const { ports } = visit
  const minutes = spanOf(visit.query)
  const report = await ledgerReport(visit, minutes)
  const shown = report.destinations.slice(0, MOST_SHOWN)
  const columns = [
    { name: 'Destination' },
    { name: 'Result' },
    { name: 'Delivered', isNumber: true },
    { name: 'Deferred', isNumber: true },
    { name: 'Failed', isNumber: true },
    { name: 'Time to delivery', isNumber: true },
    { name: 'TLS of deliveries' },
    { name: 'Replies' },
  ]
  const rows = shown.map((one) => row(visit, one))
  const more = report.destinations.length - shown.length
  const body = html`<p>Destinations are large providers by name, and others by the domain of their hosts, so that one provider of many domains is one line. Deferred counts attempts, the others recipients.</p>
${spanLinks('/destinations', minutes, report)}
${card(ports.nodes.others.length > 0 ? 'By destination, at this node' : 'By destination', html`${table('Deliveries by destination', columns, rows, 'Nothing was delivered or refused in this time.')}${more > 0 && html`<p class="soft">and ${counted(more, 'destination')} with less mail</p>`}`)}
${await otherDeliveries(visit)}`
  return pageOf(visit, { title: 'Destinations', body })
}

function row({ ports }: StatusVisit, one: DestinationFigures): readonly (Html | string | null)[] {
  const { destination, delivered, deferred, failed, delay, tls, replies } = one
  const ended = delivered + failed
  const share = ended === 0 ? null : delivered / ended
  const tone = share === null ? 'warn' : share >= 0.98 ? 'good' : share >= 0.9 ? 'warn' : 'bad'
  return [
    html`<strong>${foreign(destination, 100)}</strong>`,
    html`${badge(tone, share === null ? 'waits' : percent(share))}${bar([
      { value: delivered, tone: 'good' },
      { value: deferred, tone: 'warn' },
      { value: failed, tone: 'bad' },
    ])}`,
    number(delivered),
    number(deferred),
    number(failed),
    delay === null ? '–' : html`${duration(delay.p50)}<br><span class="soft small">p95 ${duration(delay.p95)}</span>`,
    tlsCell(tls),
    replies.length === 0
      ? '–'
      : html`<ul class="plainlist small">${replies.map(({ key, count, example }) => html`<li>${number(count)} × ${foreign(ports.privacy.text(key), 200)} ${example !== '' && html`<a href="${link('/message', { id: example })}">example<span class="unseen"> ${example}</span></a>`}</li>`)}</ul>`,
  ]
}

function percent(share: number): string {
  return share === 1 ? '100 %' : `${(Math.floor(share * 1000) / 10).toFixed(1)} %`
}

function duration(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : formatDuration(Math.round(ms / 1000) * 1000)
}

function tlsCell({ none, encrypted, verified }: DestinationFigures['tls']): Html | string {
  if (none + encrypted + verified === 0) return '–'
  return html`${verified > 0 && badge('good', `${number(verified)} verified`)} ${encrypted > 0 && badge('plain', `${number(encrypted)} encrypted`)} ${none > 0 && badge('warn', `${number(none)} cleartext`)}`
}
