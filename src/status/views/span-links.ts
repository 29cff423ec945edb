// The choice of a time in the views that look back, and a note if there is too much to look at.

import { type Html, html } from '../../lib/html.ts'
import { link, note } from '../frame.ts'
import { type LedgerReport, spans, type Span } from '../ledger-report.ts'
import { time } from '../words.ts'

const names: Readonly<Record<Span, string>> = { 15: '15 minutes', 60: '1 hour', 360: '6 hours', 1440: '1 day' }

export function spanLinks(path: string, minutes: Span, { since, until, isCut }: LedgerReport): Html {
  const links = spans.map(
    (one) =>
      html`<a class="button quiet" href="${link(path, { minutes: one })}"${one === minutes ? html` aria-current="true"` : ''}>${names[one]}</a>`,
  )
  return html`<div class="acts spans" role="group" aria-label="Time">${links}</div>
${isCut && note('plain', html`There is more than a page can look at: this covers ${time(since)} to ${time(until)}. <code>waypost report checks</code> has all of it.`)}`
}
