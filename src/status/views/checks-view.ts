// Checks: what each check did within a time, what was refused and why.

import { type Html, html } from '../../lib/html.ts'
import type { Page } from '../../lib/http-page.ts'
import type { CheckFigures, Refused } from '../check-report.ts'
import { foreign } from '../foreign-text.ts'
import { badge, card, link, pageOf, table } from '../frame.ts'
import { ledgerReport, spanOf } from '../ledger-report.ts'
import { sparkline } from '../sparkline.ts'
import type { StatusVisit } from '../status-ports.ts'
import type { Counted } from '../top-counts.ts'
import { counted, number } from '../words.ts'
import { spanLinks } from './span-links.ts'

const MOST_RESULTS = 5

export async function checksView(visit: StatusVisit): Promise<Page> {
  const minutes = spanOf(visit.query)
  const report = await ledgerReport(visit, minutes)
  const { messages, checks } = report.checks
  const rows = checks.map((one) => row(visit, one, minutes))
  const columns = [
    { name: 'Check' },
    { name: 'Refused' },
    { name: 'Refusals over time' },
    { name: 'Judged', isNumber: true },
    { name: 'Results of accepted mail' },
    { name: 'Time', isNumber: true },
  ]
  const refusing = checks.filter((one) => one.reasons.length > 0)
  const body = html`<p>${counted(messages, 'message')} accepted. Checks in test mode refuse nothing; what they would refuse is counted.</p>
${spanLinks('/checks', minutes, report)}
${card('Checks', table('Checks', columns, rows, 'No check has judged mail in this time.'))}
${refusing.length > 0 && card('Why mail was refused', html`${refusing.map((one) => reasons(visit, one))}`)}`
  return pageOf(visit, { title: 'Checks', body })
}

function row({ ports }: StatusVisit, one: CheckFigures, minutes: number): readonly (Html | string)[] {
  const { check, refused, wouldRefuse, judged, results, time, temporary, unavailable } = one
  const sum = total(refused)
  const values = ports.history.refusals(check, minutes)
  const shown = Object.entries(results).slice(0, MOST_RESULTS)
  return [
    html`<strong>${foreign(check, 60)}</strong>${unavailable > 0 && html`<br>${badge('warn', `no answer ${number(unavailable)} times`)}`}`,
    html`${sum === 0 ? '–' : refusedText(refused)}${temporary > 0 && html`<br><span class="soft small">${number(temporary)} of them temporary</span>`}${total(wouldRefuse) > 0 && html`<br>${badge('plain', 'test mode')} <span class="small">${refusedText(wouldRefuse)}</span>`}`,
    sparkline({
      values,
      tone: 'warn',
      label: `Refusals of ${check}: ${number(values.reduce((all, value) => all + value, 0))}`,
    }),
    number(judged),
    html`<span class="small">${shown.length === 0 ? '–' : shown.map(([name, count], index) => html`${foreign(name, 60)} ${number(count)}${index < shown.length - 1 && ','}`)}</span>`,
    time === null ? '–' : html`${number(time.p50)} ms<br><span class="soft small">p95 ${number(time.p95)} ms</span>`,
  ]
}

function refusedText({ sessions, messages, recipients }: Refused): string {
  return [
    sessions > 0 && counted(sessions, 'session'),
    messages > 0 && counted(messages, 'message'),
    recipients > 0 && counted(recipients, 'recipient'),
  ]
    .filter((one) => one !== false)
    .join(', ')
}

function total({ sessions, messages, recipients }: Refused): number {
  return sessions + messages + recipients
}

function reasons({ ports }: StatusVisit, { check, reasons: found, networks, senders }: CheckFigures): Html {
  const rows = found.map(({ key, count, example }) => [
    number(count),
    foreign(ports.privacy.text(key), 300),
    example === '' ? '–' : html`<a class="mono" href="${link('/search', { q: example })}">${foreign(example, 40)}</a>`,
  ])
  const list = (title: string, values: readonly Counted[]) =>
    values.length > 0 &&
    html`<p class="small soft">${title}: ${values.map(({ key, count }, index) => html`${foreign(ports.privacy.text(key), 80)} (${number(count)})${index < values.length - 1 && ','}`)}</p>`
  return html`<h3>${foreign(check, 60)}</h3>${table(`Replies of ${check}`, [{ name: 'Times', isNumber: true }, { name: 'Reply' }, { name: 'Example' }], rows)}
${list('Would refuse from', networks)}${list('Would refuse senders of', senders)}`
}
