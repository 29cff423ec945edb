// Answers the requests to the page: which host, which path, who is signed in, and whether a form is ours.

import { type Page, plainPage } from '../lib/http-page.ts'
import { html } from '../lib/html.ts'
import type { HttpsRequest } from '../server/https-listener.ts'
import { loginsPage, sentMailPage } from './activity-pages.ts'
import { addAppPassword, appPasswordsPage, removeAppPassword } from './app-password-pages.ts'
import { browserToken, newBrowserToken, whyForeign } from '../lib/form-guard.ts'
import { COOKIE, pageOf, redirect } from './layout.ts'
import { overview } from './overview.ts'
import { changePassword, passwordPage } from './password-page.ts'
import { secondFactorPage, turnOff, turnOn } from './second-factor-pages.ts'
import { codePage, enterCode, signIn, signInPage, signOut } from './sign-in.ts'
import type { Handler, PersonVisit, ServiceParts, Visit } from './visit.ts'

type Resource =
  | { readonly access: 'anyone'; readonly get?: Handler; readonly post?: Handler }
  /** `code`: also while the code of the second factor is missing. `factor`: also while a required second factor is missing. */
  | {
      readonly access: 'code' | 'factor' | 'person'
      readonly get?: Handler<PersonVisit>
      readonly post?: Handler<PersonVisit>
    }

const resources: ReadonlyMap<string, Resource> = new Map<string, Resource>([
  ['/', { access: 'anyone', get: start }],
  ['/sign-in', { access: 'anyone', get: () => redirect('/'), post: signIn }],
  ['/sign-out', { access: 'anyone', get: () => redirect('/'), post: signOut }],
  ['/code', { access: 'code', get: (visit) => codePage(visit, null), post: enterCode }],
  ['/password', { access: 'person', get: (visit) => passwordPage(visit), post: changePassword }],
  ['/app-passwords', { access: 'person', get: (visit) => appPasswordsPage(visit) }],
  ['/app-passwords/add', { access: 'person', get: () => redirect('/app-passwords'), post: addAppPassword }],
  ['/app-passwords/remove', { access: 'person', get: () => redirect('/app-passwords'), post: removeAppPassword }],
  ['/second-factor', { access: 'factor', get: (visit) => secondFactorPage(visit) }],
  ['/second-factor/on', { access: 'factor', get: () => redirect('/second-factor'), post: turnOn }],
  ['/second-factor/off', { access: 'person', get: () => redirect('/second-factor'), post: turnOff }],
  ['/logins', { access: 'person', get: loginsPage }],
  ['/sent', { access: 'person', get: sentMailPage }],
])

/** The answer to a request. Rejects only for bugs. */
export function createAnswer(parts: ServiceParts): (request: HttpsRequest) => Promise<Page> {
  return async (request) => {
    const { settings } = parts
    // RFC 9110 15.5.20. Also against names of strangers that lead to this address.
    if (request.authority.replace(/:\d+$/, '') !== settings.hostName)
      return plainPage(421, 'This is not the right host')
    const url = URL.parse(request.url, 'https://localhost')
    const resource = url && resources.get(url.pathname)
    if (!url || !resource) return plainPage(404, 'Not found')
    const { method } = request
    const isPost = method === 'POST'
    const handler = isPost ? resource.post : method === 'GET' || method === 'HEAD' ? resource.get : undefined
    if (!handler) return plainPage(405, 'Method not allowed', { allow: allowed(resource) })
    const browser = browserToken(request, COOKIE) ?? newBrowserToken()
    const session = await parts.sessions.find(browser)
    const form = new URLSearchParams(isPost ? request.body : '')
    const visit: Visit = { ...parts, request, path: url.pathname, query: url.searchParams, form, browser, session }
    if (isPost) {
      const foreign = whyForeign(request)
      const isOurs = parts.guard.isToken(form.get('token') ?? '', browser, visit.path)
      if (foreign !== null || !isOurs) return outdated(visit)
    }
    return answer(resource, handler as Handler<PersonVisit>, visit)
  }
}

async function answer({ access }: Resource, handler: Handler<PersonVisit>, visit: Visit): Promise<Page> {
  const { session, settings, ports } = visit
  if (access === 'anyone') return handler(visit as PersonVisit)
  if (!session) return redirect('/')
  const person: PersonVisit = { ...visit, session }
  if (session.stage === 'code') return access === 'code' ? handler(person) : redirect('/code')
  if (access === 'person' && settings.requireSecondFactor && (await ports.factors.of(session.identity)) === null)
    return redirect('/second-factor')
  return handler(person)
}

async function start(visit: Visit): Promise<Page> {
  const { session, settings, ports } = visit
  if (!session) return signInPage(visit, null)
  if (session.stage === 'code') return redirect('/code')
  if (settings.requireSecondFactor && (await ports.factors.of(session.identity)) === null)
    return redirect('/second-factor')
  return overview({ ...visit, session })
}

/** Also of a session that ended, or of a page from before a restart. */
function outdated(visit: Visit): Page {
  const body = html`<section><p>This form is out of date, or did not come from this page. Nothing has changed.</p>
<p><a href="/">Start again</a></p></section>`
  return pageOf({ ...visit, session: null }, { title: 'Please try again', body, status: 403 })
}

function allowed({ get, post }: Resource): string {
  return [...(get ? ['GET', 'HEAD'] : []), ...(post ? ['POST'] : [])].join(', ')
}
