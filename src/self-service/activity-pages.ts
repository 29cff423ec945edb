// The last logins and the last sent mail of a person, as this node knows them.

import type { Page } from '../lib/http-page.ts'
import { type Html, html } from '../lib/html.ts'
import { pageOf, time } from './layout.ts'
import type { SentMessage } from './service-ports.ts'
import type { PersonVisit } from './visit.ts'

export function loginsPage(visit: PersonVisit): Page {
  const { logins, failures } = visit.ports.history.of(visit.session.identity)
  const rows = logins.map(
    (row) => html`<tr><td data-name="Last">${time(row.last)}</td>
<td data-name="Address">${row.ip}</td><td data-name="With">${row.way}</td><td data-name="At">${row.listener}</td>
<td data-name="Client">${row.client === '' ? '–' : row.client}</td><td data-name="Times">${row.count}</td></tr>`,
  )
  const failed = failures.map(
    (row) => html`<tr><td data-name="Last">${time(row.last)}</td>
<td data-name="Address">${row.ip}</td><td data-name="At">${row.listener}</td><td data-name="Times">${row.count}</td></tr>`,
  )
  const body = html`<p class="hint">This is the view of this server. Client is the name that the program gives itself. If you do not know a login, change your password.</p>
<section><h2>Logins</h2>${
    rows.length === 0 ? html`<p>None yet.</p>` : table(['Last', 'Address', 'With', 'At', 'Client', 'Times'], rows)
  }</section>
<section><h2>Failed attempts</h2>${
    failed.length === 0 ? html`<p>None.</p>` : table(['Last', 'Address', 'At', 'Times'], failed)
  }</section>`
  return pageOf(visit, { title: 'Logins', body })
}

export async function sentMailPage(visit: PersonVisit): Promise<Page> {
  const { ports, session, query } = visit
  const before = Number(query.get('before') ?? '')
  const isTime = Number.isSafeInteger(before) && before > 0
  const { messages, olderBefore } = await ports.sent(session.identity, isTime ? before : Number.MAX_SAFE_INTEGER)
  const body = html`<p class="hint">This is the view of this server: “delivered” means that the next server took the mail.</p>
<section>${
    messages.length === 0
      ? html`<p>There is no ${isTime ? 'older ' : ''}mail of yours here.</p>`
      : table(['Time', 'Recipients', 'Result'], messages.flatMap(rowsOf))
  }
${olderBefore !== null && html`<p><a href="/sent?before=${olderBefore}">Older</a></p>`}</section>`
  return pageOf(visit, { title: 'Sent mail', body })
}

function rowsOf({ at, app, results }: SentMessage): readonly Html[] {
  const when = html`<td data-name="Time">${time(at)}${app === null ? '' : html` <span class="soft">(${app})</span>`}</td>`
  if (results.length === 0)
    return [html`<tr>${when}<td data-name="Recipients">–</td><td data-name="Result">not known any more</td></tr>`]
  return results.map(
    ({ domain, result, reply, recipients }) => html`<tr>${when}
<td data-name="Recipients">${domain}${recipients > 1 ? ` (${recipients})` : ''}</td>
<td data-name="Result">${result}${reply === '' ? '' : html`<div class="soft">${reply}</div>`}</td></tr>`,
  )
}

function table(head: readonly string[], rows: readonly Html[]): Html {
  return html`<div class="scroll"><table><thead><tr>${head.map((one) => html`<th scope="col">${one}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div>`
}
