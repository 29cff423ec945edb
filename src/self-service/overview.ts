// The first page after the sign-in: what applies to the account, and which addresses the person may send as.

import type { Page } from '../lib/http-page.ts'
import { type Html, html } from '../lib/html.ts'
import { pageOf, time } from './layout.ts'
import { type AccountNotice, PAGE } from './service-ports.ts'
import type { PersonVisit } from './visit.ts'

/** What a form did, by the name in the address of the page. */
const done: ReadonlyMap<string, string> = new Map([
  ['password', 'Your password is changed. Enter the new one in your mail programs.'],
  ['second-factor-off', 'The second factor is off.'],
])

export async function overview(visit: PersonVisit): Promise<Page> {
  const { ports, session, query } = visit
  const { identity } = session
  const [senders, holds, factor] = await Promise.all([
    ports.senders(identity),
    ports.holds(identity),
    ports.factors.of(identity),
  ])
  const apps = ports.apps.list(identity)
  const last = ports.history.of(identity).logins.find(({ listener }) => listener !== PAGE)
  const message = done.get(query.get('done') ?? '')
  const body = html`${message !== undefined && html`<p class="note good" role="status">${message}</p>`}
${holdNotes(holds)}
<section><h2>Addresses that you may send as</h2>${
    senders.kind === 'unavailable'
      ? html`<p>The addresses are not known at the moment. Please try again later.</p>`
      : senders.addresses.length === 0
        ? html`<p>You have no address to send mail as.</p>`
        : html`<ul>${senders.addresses.map((one) => html`<li>${one}</li>`)}</ul>`
  }</section>
<section><h2>Your account</h2><dl>
<dt>Last login of a mail program</dt><dd>${last ? html`${time(last.last)} from ${last.ip}` : 'none on this server'}</dd>
<dt>App passwords</dt><dd>${apps.length === 0 ? 'none' : apps.length}</dd>
<dt>Second factor</dt><dd>${factor ? html`on since ${time(factor.since)}, ${factor.recoveryLeft} recovery codes left` : 'off'}</dd>
</dl></section>`
  return pageOf(visit, { title: 'Your mail account', body })
}

function holdNotes(holds: readonly AccountNotice[] | null): readonly Html[] {
  if (holds === null)
    return [html`<p class="note warn">Whether your account is on hold is not known at the moment.</p>`]
  return holds.map(
    ({ since, reason, app }) =>
      html`<p class="note warn">Mail ${
        app === null ? 'of your account' : html`with the app password ${app}`
      } is on hold since ${time(since)}${reason === '' ? '' : `: ${reason}`}. It is not lost, and is not sent now. Change your password if a stranger may know it, and ask your administrator.</p>`,
  )
}
