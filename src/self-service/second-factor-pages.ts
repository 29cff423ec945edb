// Sets up and removes the second factor of a person (TOTP, RFC 6238).

import { form } from '../lib/form-guard.ts'
import { createTotpSecret, otpauthUri, writeBase32 } from '../auth/totp.ts'
import type { Page } from '../lib/http-page.ts'
import { type Html, html } from '../lib/html.ts'
import { pageOf, problem, redirect, time } from './layout.ts'
import { qrCode } from '../lib/qr-code.ts'
import { judgeCode } from './sign-in.ts'
import type { PersonVisit } from './visit.ts'

interface Failure {
  readonly status: number
  readonly text: string
}

export async function secondFactorPage(visit: PersonVisit, failure: Failure | null = null): Promise<Page> {
  const { ports, session, settings } = visit
  const factor = await ports.factors.of(session.identity)
  const isMissing = settings.requireSecondFactor && factor === null
  const body = html`${problem(failure?.text ?? null)}
${isMissing && html`<p class="note warn">This service requires a second factor. Please set it up now.</p>`}
<p>With a second factor this page asks for a code of your telephone after the password. Mail programs cannot ask for it: they use your mail password or app passwords.</p>
${factor ? onSection(visit, factor) : newSection(visit)}`
  return pageOf(visit, { title: 'Second factor', body, status: failure?.status ?? 200 })
}

function onSection(visit: PersonVisit, factor: { readonly since: number; readonly recoveryLeft: number }): Html {
  const fields = html`<label for="code">Code, or a recovery code</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="20" required>
<button>Turn off</button>`
  return html`<section><h2>It is on</h2><p>Since ${time(factor.since)}. ${factor.recoveryLeft} recovery codes are left.</p>
<p class="hint">For a new telephone or new recovery codes, turn it off and set it up again.</p>
${form(visit, '/second-factor/off', fields)}</section>`
}

function newSection(visit: PersonVisit): Html {
  const { session, settings } = visit
  session.newFactor ??= createTotpSecret()
  const uri = otpauthUri(session.newFactor, { issuer: settings.name, user: session.identity })
  const secret = writeBase32(session.newFactor).match(/.{4}/g)?.join(' ') ?? ''
  const fields = html`<label for="code">Code that the app shows</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="10" required>
<button>Turn on</button>`
  return html`<section><h2>Set it up</h2><p>Scan this code with an app for one-time codes, or enter the secret there.</p>
${qrCode(uri)}
<p class="secret">${secret}</p>
<p class="hint"><a href="${uri}">Open in an app on this device</a></p>
${form(visit, '/second-factor/on', fields)}</section>`
}

export async function turnOn(visit: PersonVisit): Promise<Page> {
  const { ports, session, form: given, request } = visit
  const { identity, newFactor } = session
  // The sign-in asked for a factor that exists, so this session may not replace it.
  if (newFactor === null || (await ports.factors.of(identity)) !== null) return redirect('/second-factor')
  const codes = await ports.factors.turnOn(identity, newFactor, given.get('code') ?? '')
  if (codes === null)
    return secondFactorPage(visit, { status: 422, text: 'The code is wrong. Is the clock of your telephone right?' })
  session.newFactor = null
  ports.changed({ identity, change: 'second-factor-on', ip: request.ip })
  const body = html`<p class="note good" role="status">The second factor is on.</p>
<section><h2>Your recovery codes</h2><p>Each replaces the telephone once. Keep them on paper; they are not shown again.</p>
<ul class="codes">${codes.map((code) => html`<li>${code}</li>`)}</ul>
<p><a href="/">Continue</a></p></section>`
  return pageOf(visit, { title: 'Second factor', body })
}

export async function turnOff(visit: PersonVisit): Promise<Page> {
  const { ports, session, request } = visit
  const { identity } = session
  const refused = await judgeCode(visit, ({ status, text }) =>
    pageOf(visit, {
      title: 'Second factor',
      status,
      body: html`${problem(text)}<p><a href="/second-factor">Back</a></p>`,
    }),
  )
  if (refused) return refused
  if (await ports.factors.turnOff(identity)) ports.changed({ identity, change: 'second-factor-off', ip: request.ip })
  return redirect('/?done=second-factor-off')
}
