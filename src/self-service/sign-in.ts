// The sign-in: the mail password, and the code of a second factor if the person has one.

import { form } from '../lib/form-guard.ts'
import type { WhyEnded } from '../auth/authenticator.ts'
import type { PageLoginAnswer } from '../auth/page-login.ts'
import type { Page } from '../lib/http-page.ts'
import { html } from '../lib/html.ts'
import { pageOf, problem, redirect } from './layout.ts'
import { PAGE, type SignInResult } from './service-ports.ts'
import type { PersonVisit, Visit } from './visit.ts'

const WRONG = 'The name or the password is wrong.'
const LATER = 'There were too many failed attempts. Please try again in some minutes.'
const UNAVAILABLE = 'Signing in is not possible at the moment. Please try again later.'

export function signInPage(visit: Visit, failure: { readonly status: number; readonly text: string } | null): Page {
  const fields = html`<label for="user">Mail address or user name</label>
<input id="user" name="user" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="254" required autofocus value="${visit.form.get('user') ?? ''}">
<label for="password">Mail password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required>
<button>Sign in</button>`
  const body = html`${problem(failure?.text ?? null)}
<section>${form(visit, '/sign-in', fields)}</section>
<p class="hint">An app password does not open this page. If you do not know your password, ask your administrator.</p>`
  return pageOf(visit, { title: 'Sign in', body, status: failure?.status ?? 200, browser: visit.browser })
}

export async function signIn(visit: Visit): Promise<Page> {
  const { ports, form: given, request } = visit
  const { ip } = request
  const [user, password] = [given.get('user')?.trim() ?? '', given.get('password') ?? '']
  const failed = (result: SignInResult, cause: string, failure: { status: number; text: string }) => {
    ports.signedIn(result, { ip, cause })
    return signInPage(visit, failure)
  }
  if (user === '' || password === '') return signInPage(visit, { status: 403, text: WRONG })
  const answer = await ports.login.check({ ip, user, password })
  switch (answer.kind) {
    case 'throttled':
      return failed('throttled', answer.cause, { status: 429, text: LATER })
    case 'unavailable':
      return failed('unavailable', answer.cause, { status: 503, text: UNAVAILABLE })
    case 'wrong':
      ports.history.failed(answer.identity, { ip, listener: PAGE })
      return failed('wrong', answer.cause, { status: 403, text: WRONG })
    case 'app': {
      const text = 'An app password does not open this page. Please use your mail password.'
      return failed('wrong', `an app password of ${answer.identity}`, { status: 403, text })
    }
    case 'proven':
      return proceed(visit, answer, failed)
  }
}

type Failed = (result: SignInResult, cause: string, failure: { status: number; text: string }) => Page

/** The password is right. */
async function proceed(visit: Visit, proof: PageLoginAnswer & { kind: 'proven' }, failed: Failed): Promise<Page> {
  const { ports, sessions } = visit
  const { identity, whyEnded } = proof
  const later = { status: 503, text: UNAVAILABLE }
  try {
    const needsCode = (await ports.factors.of(identity)) !== null
    const token = sessions.open({ identity, whyEnded, stage: needsCode ? 'code' : 'open' })
    // With a second factor the password alone proves nothing yet, and does not make the client a known one.
    proof.end(needsCode || token === null ? 'undecided' : 'succeeded')
    if (token === null) return failed('full', 'too many sessions', later)
    sessions.end(visit.browser)
    if (!needsCode) noteSignIn(visit, identity)
    return redirect(needsCode ? '/code' : '/', token)
  } catch (error) {
    proof.end('undecided')
    ports.log.warn({ cause: (error as Error).message }, 'the second factors cannot be read')
    return failed('unavailable', 'the second factors cannot be read', later)
  }
}

function noteSignIn({ ports, request: { ip } }: Visit, identity: string): void {
  ports.history.succeeded(identity, { ip, listener: PAGE, way: 'password', client: '' })
  ports.signedIn('signed-in', { ip, cause: '' })
}

export function codePage(visit: PersonVisit, failure: { readonly status: number; readonly text: string } | null): Page {
  const fields = html`<label for="code">Code of your second factor</label>
<input id="code" name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="20" required autofocus aria-describedby="code-hint">
<p class="hint" id="code-hint">The six digits of your app, or one of your recovery codes.</p>
<button>Continue</button>`
  const body = html`${problem(failure?.text ?? null)}
<section>${form(visit, '/code', fields)}</section>`
  return pageOf(visit, { title: 'Second factor', body, status: failure?.status ?? 200 })
}

/** Judges a code of the person; the throttle counts it as a password. Null if it is right, else the page with the reason. */
export async function judgeCode(
  visit: PersonVisit,
  page: (failure: { readonly status: number; readonly text: string }) => Page,
): Promise<Page | null> {
  const { ports, session, request } = visit
  const { identity } = session
  const { ip } = request
  const attempt = await ports.login.begin(ip, identity)
  const failed = (result: SignInResult, status: number, text: string) => {
    ports.signedIn(result, { ip, cause: `second factor of ${identity}` })
    return page({ status, text })
  }
  if (attempt.kind === 'unavailable') return failed('unavailable', 503, UNAVAILABLE)
  if (attempt.kind === 'banned' || !ports.codes.take(identity)) {
    if (attempt.kind === 'free') attempt.end('undecided')
    return failed('throttled', 429, LATER)
  }
  try {
    const verdict = await ports.factors.check(identity, visit.form.get('code') ?? '')
    attempt.end(verdict === 'wrong' ? 'failed' : 'succeeded')
    if (verdict === 'recovery') ports.changed({ identity, change: 'recovery-code-used', ip })
    if (verdict !== 'wrong') {
      ports.codes.clear(identity)
      return null
    }
    ports.history.failed(identity, { ip, listener: PAGE })
    return failed('wrong-code', 403, 'The code is wrong, or was used before.')
  } catch (error) {
    attempt.end('undecided')
    ports.log.warn({ cause: (error as Error).message }, 'the second factors cannot be read')
    return failed('unavailable', 503, UNAVAILABLE)
  }
}

export async function enterCode(visit: PersonVisit): Promise<Page> {
  if (visit.session.stage === 'open') return redirect('/')
  const refused = await judgeCode(visit, (failure) => codePage(visit, failure))
  if (refused) return refused
  const { identity, whyEnded } = visit.session
  return renewSession(visit, { identity, whyEnded }, '/')
}

/** A new token for the browser: an earlier one is worth nothing. */
export function renewSession(
  visit: Visit,
  facts: { readonly identity: string; readonly whyEnded: WhyEnded },
  to: string,
): Page {
  const { sessions, ports, request } = visit
  const token = sessions.open({ ...facts, stage: 'open' })
  sessions.end(visit.browser)
  if (token === null) {
    ports.signedIn('full', { ip: request.ip, cause: 'too many sessions' })
    return signInPage({ ...visit, session: null }, { status: 503, text: UNAVAILABLE })
  }
  if (visit.session?.stage === 'code') noteSignIn(visit, facts.identity)
  return redirect(to, token)
}

export function signOut({ sessions, browser }: Visit): Page {
  sessions.end(browser)
  return redirect('/')
}
