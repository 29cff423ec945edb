// The app passwords of a person: list, make, remove. A secret is shown once.

import { form } from '../lib/form-guard.ts'
import { isAppLabel, isAppSender } from '../auth/app-password-line.ts'
import type { Page } from '../lib/http-page.ts'
import { type Html, html } from '../lib/html.ts'
import { parseNetwork } from '../lib/ip-address.ts'
import { pageOf, problem, time } from './layout.ts'
import type { Senders, ShownAppPassword } from './service-ports.ts'
import type { PersonVisit } from './visit.ts'

interface Failure {
  readonly status: number
  readonly text: string
}

const DAY_MS = 86_400_000
const lives = [
  ['', 'Never'],
  ['30', 'In 30 days'],
  ['90', 'In 90 days'],
  ['365', 'In a year'],
] as const
/** A person has a few; more are a mistake of typing. */
const MOST_NETWORKS = 20

export async function appPasswordsPage(visit: PersonVisit, failure: Failure | null = null): Promise<Page> {
  const { ports, session } = visit
  const title = 'App passwords'
  const ability = await ports.apps.ability()
  if (ability === null)
    return pageOf(visit, { title, body: html`<section><p>This service has no app passwords.</p></section>` })
  const list = ports.apps.list(session.identity)
  const isPossible = ability.kind === 'possible'
  const body = html`${problem(failure?.text ?? null)}
<p>An app password is for one mail program or device. It stays valid when your mail password changes, and can be removed alone.</p>
${ability.kind === 'impossible' && html`<p class="note warn">${ability.reason}</p>`}
<section><h2>Your app passwords</h2>${list.length === 0 ? html`<p>You have none.</p>` : table(visit, list, isPossible)}</section>
${isPossible && (await newForm(visit))}`
  return pageOf(visit, { title, body, status: failure?.status ?? 200 })
}

function table(visit: PersonVisit, list: readonly ShownAppPassword[], isPossible: boolean): Html {
  const rows = list.map(
    (app) => html`<tr><th scope="row">${app.label}</th>
<td data-name="Last use">${app.lastUse ? html`${time(app.lastUse.at)} from ${app.lastUse.ip}` : 'never'}</td>
<td data-name="Made">${time(app.created)}</td>
<td data-name="Limits">${limitsOf(app)}</td>
<td>${isPossible && removeForm(visit, app.label)}</td></tr>`,
  )
  return html`<div class="scroll"><table><thead><tr><th scope="col">For</th><th scope="col">Last use</th><th scope="col">Made</th><th scope="col">Limits</th><th></th></tr></thead>
<tbody>${rows}</tbody></table></div>`
}

function limitsOf({ expires, isExpired, networks, senders }: ShownAppPassword): Html {
  const parts = [
    ...(expires === null ? [] : [html`<div>${isExpired ? 'expired' : 'expires'} ${time(expires)}</div>`]),
    ...(senders === null ? [] : [html`<div>sends as ${senders.join(', ')}</div>`]),
    ...(networks === null ? [] : [html`<div>from ${networks.join(', ')}</div>`]),
  ]
  return parts.length === 0 ? html`none` : html`${parts}`
}

function removeForm(visit: PersonVisit, label: string): Html {
  return form(
    visit,
    '/app-passwords/remove',
    html`<input type="hidden" name="label" value="${label}"><button class="quiet" aria-label="Remove ${label}">Remove</button>`,
  )
}

async function newForm(visit: PersonVisit): Promise<Html> {
  const { ports, session, form: given } = visit
  const senders = await ports.senders(session.identity)
  const fields = html`<label for="label">Name of the program or device</label>
<input id="label" name="label" maxlength="64" required autocomplete="off" spellcheck="false" value="${given.get('label') ?? ''}" aria-describedby="label-hint">
<p class="hint" id="label-hint">One word of letters and digits, such as phone or laptop-thunderbird.</p>
<label for="expires">Expires</label>
<select id="expires" name="expires">${lives.map(([days, text]) => html`<option value="${days}"${given.get('expires') === days ? html` selected` : ''}>${text}</option>`)}</select>
${sendersField(senders, given.getAll('sender'))}
<label for="networks">Only from these networks (optional)</label>
<input id="networks" name="networks" maxlength="500" autocomplete="off" spellcheck="false" value="${given.get('networks') ?? ''}" aria-describedby="networks-hint">
<p class="hint" id="networks-hint">Addresses or networks with commas between them, such as 192.0.2.0/24. Empty: from everywhere.</p>
<button>Make app password</button>`
  return html`<section><h2>New app password</h2>${form(visit, '/app-passwords/add', fields)}</section>`
}

function sendersField(senders: Senders, chosen: readonly string[]): Html | null {
  if (senders.kind === 'unavailable' || senders.addresses.length < 2) return null
  const boxes = senders.addresses.map(
    (one) =>
      html`<label><input type="checkbox" name="sender" value="${one}"${chosen.includes(one) ? html` checked` : ''}> ${one}</label>`,
  )
  return html`<fieldset><legend>May send only as (optional)</legend>${boxes}<p class="hint">Without a choice: as all of your addresses.</p></fieldset>`
}

export async function addAppPassword(visit: PersonVisit): Promise<Page> {
  const { ports, session, form: given, request } = visit
  const { identity } = session
  const label = (given.get('label') ?? '').trim()
  const networks = (given.get('networks') ?? '').split(/[\s,]+/).filter((one) => one !== '')
  const senders = given.getAll('sender')
  const text = await whyNot(visit, { label, networks, senders })
  if (text !== null) return appPasswordsPage(visit, { status: 422, text })
  const days = Number(given.get('expires') ?? '')
  const expires = lives.some(([one]) => one !== '' && Number(one) === days) ? ports.clock.now() + days * DAY_MS : null
  const answer = await ports.apps.add({ identity, label, expires, networks, senders })
  if (answer.kind === 'refused') return appPasswordsPage(visit, { status: 409, text: answer.cause })
  ports.changed({ identity, change: 'app-password-added', ip: request.ip, app: label })
  const body = html`<section><p>This is the app password for <strong>${label}</strong>. Enter it in the program now: it is not shown again.</p>
<p class="secret">${answer.secret}</p>
<p class="hint">User name: ${identity}. The dashes and the case do not matter.</p>
<p><a href="/app-passwords">Back to your app passwords</a></p></section>`
  return pageOf(visit, { title: 'New app password', body })
}

interface Wanted {
  readonly label: string
  readonly networks: readonly string[]
  readonly senders: readonly string[]
}

async function whyNot(visit: PersonVisit, { label, networks, senders }: Wanted): Promise<string | null> {
  if (!isAppLabel(label)) return 'The name must be one word of letters, digits and . _ + - such as phone.'
  if (networks.length > MOST_NETWORKS) return `There are more than ${MOST_NETWORKS} networks.`
  const network = networks.find((one) => parseNetwork(one) === null)
  if (network !== undefined) return `${network} is no address and no network such as 192.0.2.0/24.`
  if (senders.length === 0) return null
  const allowed = await visit.ports.senders(visit.session.identity)
  if (allowed.kind === 'unavailable') return 'Your addresses are not known at the moment. Please try again later.'
  const foreign = senders.find((one) => !allowed.addresses.includes(one) || !isAppSender(one))
  return foreign === undefined ? null : `You may not send as ${foreign}.`
}

export async function removeAppPassword(visit: PersonVisit): Promise<Page> {
  const { ports, session, form: given, request } = visit
  const { identity } = session
  const label = given.get('label') ?? ''
  const answer = await ports.apps.remove(identity, label)
  if (answer.kind === 'refused') return appPasswordsPage(visit, { status: 409, text: answer.cause })
  ports.changed({ identity, change: 'app-password-removed', ip: request.ip, app: label })
  return appPasswordsPage({ ...visit, form: new URLSearchParams() })
}
