// Answers the requests to the status page: which host, which path, which operator, and whether a form is ours.

import type { PageRequest } from '../admin/http.ts'
import { browserToken, cookieField, newBrowserToken, whyForeign } from '../lib/form-guard.ts'
import { html } from '../lib/html.ts'
import { type Page, plainPage } from '../lib/http-page.ts'
import { FIELDS, framed, note, pageOf, redirect } from './frame.ts'
import { SCRIPT } from './script.ts'
import { signInForm } from './sign-in-page.ts'
import { QueryTooSlow } from './single-query.ts'
import type { StatusParts, StatusVisit } from './status-ports.ts'
import { STYLE } from './status-style.ts'
import { accountsView } from './views/accounts-view.ts'
import { actNow, actView } from './views/act-view.ts'
import { certificatesView } from './views/certificates-view.ts'
import { checksView } from './views/checks-view.ts'
import { destinationsView } from './views/destinations-view.ts'
import { directoryView } from './views/directory-view.ts'
import { messagesView } from './views/messages-view.ts'
import { messageView } from './views/message-view.ts'
import { nodeView } from './views/node-view.ts'
import { nowView } from './views/now-view.ts'
import { queueView } from './views/queue-view.ts'
import { searchView } from './views/search-view.ts'

type Handler = (visit: StatusVisit) => Page | Promise<Page>

interface Resource {
  readonly get?: Handler
  readonly post?: Handler
}

const resources: ReadonlyMap<string, Resource> = new Map<string, Resource>([
  ['/', { get: nowView }],
  ['/node', { get: nodeView }],
  ['/queue', { get: queueView }],
  ['/queue/messages', { get: messagesView }],
  ['/message', { get: messageView }],
  ['/search', { get: searchView }],
  ['/checks', { get: checksView }],
  ['/destinations', { get: destinationsView }],
  ['/accounts', { get: accountsView }],
  ['/directory', { get: directoryView }],
  ['/certificates', { get: certificatesView }],
  ['/act', { get: actView, post: actNow }],
])

/** An envelope. */
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#1a57b5"/><path d="M3 5h10v7H3zl5 4 5-4" fill="none" stroke="#fff" stroke-width="1.4" stroke-linejoin="round"/></svg>'

const PUBLIC: ReadonlyMap<string, readonly [contentType: string, content: string]> = new Map([
  ['/style.css', ['text/css; charset=utf-8', STYLE]],
  ['/script.js', ['text/javascript; charset=utf-8', SCRIPT]],
  ['/icon.svg', ['image/svg+xml', ICON]],
])

/** The answer to a request. Rejects only for bugs. */
export function createStatusAnswer(parts: StatusParts): (request: PageRequest) => Promise<Page> {
  return async (request) => {
    // RFC 9110 15.5.20. Against names of strangers that lead to this address (DNS rebinding).
    if (!parts.isOwnHost(request.authority)) return plainPage(421, 'This is not the right host')
    const url = URL.parse(request.url, 'http://localhost')
    if (!url) return plainPage(404, 'Not found')
    const { method } = request
    const isRead = method === 'GET' || method === 'HEAD'
    const file = PUBLIC.get(url.pathname)
    if (file && isRead) return { status: 200, contentType: file[0], content: file[1], headers: FIELDS }
    if (!isRead && method !== 'POST') return plainPage(405, 'Method not allowed', { allow: 'GET, HEAD, POST' })
    return answer(parts, request, url)
  }
}

async function answer(parts: StatusParts, request: PageRequest, url: URL): Promise<Page> {
  const { login, guard, cookie, ports } = parts
  const browser = browserToken(request, cookie) ?? newBrowserToken()
  const form = new URLSearchParams(request.method === 'POST' ? request.body : '')
  const shell = { facts: ports.facts, guard, cookie, browser, operator: null, path: url.pathname }
  if (request.method === 'POST') {
    // Behind a reverse proxy with TLS the browser names https.
    const foreign = whyForeign(request, ['http', 'https'])
    if (foreign !== null || !guard.isToken(form.get('token') ?? '', browser, url.pathname))
      return framed(shell, {
        title: 'Please try again',
        status: 403,
        body: html`<p>This form is out of date, or did not come from this page. Nothing has changed.</p><p><a href="/">Start again</a></p>`,
      })
    if (url.pathname === '/sign-in') return signIn(parts, request, { shell, token: form.get('operator-token') ?? '' })
    if (url.pathname === '/sign-out') {
      login.signOut(request, cookie)
      return redirect('/')
    }
  }
  const identified = await login.identify(request, cookie)
  if (identified.kind === 'unavailable')
    return framed(shell, {
      title: 'Not possible now',
      status: 503,
      body: note('bad', 'The list of operators cannot be read; the log of the node says why.'),
    })
  if (identified.kind === 'unknown') return signInForm(shell, { hasTokens: login.hasTokens, failure: null })
  const resource = resources.get(url.pathname)
  const { operator } = identified
  const visit: StatusVisit = {
    ...parts,
    request,
    path: url.pathname,
    query: url.searchParams,
    form,
    browser,
    operator,
    now: ports.clock.now(),
  }
  const handler = request.method === 'POST' ? resource?.post : resource?.get
  if (!resource) return pageOf(visit, { title: 'Not found', status: 404, body: html`<p>There is no such view.</p>` })
  if (!handler) return redirect('/')
  return handled(handler, visit)
}

async function handled(handler: Handler, visit: StatusVisit): Promise<Page> {
  try {
    return await handler(visit)
  } catch (error) {
    if (!(error instanceof QueryTooSlow)) visit.ports.log.bug(error, `status page ${visit.path}`)
    const text =
      error instanceof QueryTooSlow
        ? `The answer takes too long: ${error.message}. It continues; show the page again in some seconds.`
        : 'This view cannot be shown; the log of the node says why. The node itself continues.'
    return pageOf(visit, { title: 'Not possible now', status: 503, body: note('bad', text) })
  }
}

interface SignInRequest {
  readonly shell: Parameters<typeof signInForm>[0]
  readonly token: string
}

const failures = {
  wrong: { status: 403, text: 'The token is wrong.' },
  throttled: { status: 429, text: 'There were too many failed attempts. Please try again in some minutes.' },
  unavailable: { status: 503, text: 'Signing in is not possible at the moment; the log of the node says why.' },
  full: { status: 503, text: 'There are too many sessions. Please try again later.' },
} as const

async function signIn(
  { login, cookie }: StatusParts,
  request: PageRequest,
  { shell, token }: SignInRequest,
): Promise<Page> {
  const result = await login.signIn(token.trim(), request.ip)
  if (result.kind === 'signed-in') return redirect('/', cookieField(result.token, cookie))
  return signInForm(shell, { hasTokens: true, failure: failures[result.kind] })
}
