// Sets a new mail password.

import { form } from '../lib/form-guard.ts'
import type { Page } from '../lib/http-page.ts'
import { html } from '../lib/html.ts'
import { pageOf, problem } from './layout.ts'
import { PAGE } from './service-ports.ts'
import { whyRefused } from './password-rules.ts'
import { renewSession, signInPage } from './sign-in.ts'
import type { PersonVisit } from './visit.ts'

interface Failure {
  readonly status: number
  readonly text: string
}

const LATER: Failure = { status: 429, text: 'There were too many failed attempts. Please try again in some minutes.' }
const UNAVAILABLE: Failure = {
  status: 503,
  text: 'The password cannot be changed at the moment. Please try again later.',
}

export async function passwordPage(visit: PersonVisit, failure: Failure | null = null): Promise<Page> {
  const { ports, session, settings } = visit
  const ability = await ports.passwords.ability(session.identity)
  const title = 'Change your password'
  if (ability.kind === 'impossible')
    return pageOf(visit, {
      title,
      body: html`<section><p>${ability.reason}</p></section>`,
      status: failure?.status ?? 200,
    })
  const fields = html`<input type="hidden" name="username" autocomplete="username" value="${session.identity}">
<label for="old">Present password</label>
<input id="old" name="old" type="password" autocomplete="current-password" maxlength="1024" required>
<label for="new">New password</label>
<input id="new" name="new" type="password" autocomplete="new-password" minlength="${settings.minLength}" maxlength="1024" required aria-describedby="new-hint">
<p class="hint" id="new-hint">At least ${settings.minLength} characters. Several words that only you connect are easy to remember and hard to guess.</p>
<label for="again">New password again</label>
<input id="again" name="again" type="password" autocomplete="new-password" minlength="${settings.minLength}" maxlength="1024" required>
<button>Change password</button>`
  const body = html`${problem(failure?.text ?? null)}
<section>${form(visit, '/password', fields)}</section>
<p class="hint">The new password is valid at once. Mail programs with the old one ask for it again. App passwords stay as they are.</p>`
  return pageOf(visit, { title, body, status: failure?.status ?? 200 })
}

export async function changePassword(visit: PersonVisit): Promise<Page> {
  const { ports, session, settings, form: given, request, sessions } = visit
  const { identity } = session
  const { ip } = request
  const [old, password, repeated] = ['old', 'new', 'again'].map((name) => given.get(name) ?? '') as [
    string,
    string,
    string,
  ]
  const ability = await ports.passwords.ability(identity)
  if (ability.kind === 'impossible') return passwordPage(visit, { status: 409, text: ability.reason })
  const names = [identity, ...identity.split(/[@._-]/), settings.name, settings.domain, ...settings.domain.split('.')]
  const rules = { least: settings.minLength, mostOctets: await ports.passwords.mostOctets(identity) }
  const refusal = whyRefused({ password, repeated, old, names }, rules)
  if (refusal !== null) return passwordPage(visit, { status: 422, text: refusal })
  const proof = await ports.login.check({ ip, user: identity, password: old })
  if (proof.kind === 'throttled') return passwordPage(visit, LATER)
  if (proof.kind === 'unavailable') return passwordPage(visit, UNAVAILABLE)
  if (proof.kind !== 'proven' || proof.identity !== identity) {
    if (proof.kind === 'proven') proof.end('undecided')
    else ports.history.failed(identity, { ip, listener: PAGE })
    return passwordPage(visit, { status: 403, text: 'The present password is wrong.' })
  }
  proof.end('succeeded')
  const answer = await ports.passwords.change({ identity, old, password })
  if (answer.kind === 'refused') return passwordPage(visit, { status: 409, text: answer.cause })
  ports.changed({ identity, change: 'password', ip })
  sessions.endAll(identity)
  return signInWithNew(visit, password)
}

/** The person stays signed in at this browser only, with the new password, which is tried out here. */
async function signInWithNew(visit: PersonVisit, password: string): Promise<Page> {
  const { ports, session, request } = visit
  const proof = await ports.login.check({ ip: request.ip, user: session.identity, password })
  if (proof.kind === 'proven') {
    proof.end('succeeded')
    return renewSession(visit, proof, '/?done=password')
  }
  const text = 'Your password is changed. Please sign in with it; if it is not accepted, try again in some minutes.'
  return signInPage({ ...visit, session: null, form: new URLSearchParams() }, { status: 200, text })
}
