// The frame of every page of the status page: head, navigation, and the header fields that keep it alone. Everything comes from this node.

import type { FormGuard, PageCookie } from '../lib/form-guard.ts'
import { cookieField, form } from '../lib/form-guard.ts'
import { type Html, html, type HtmlValue } from '../lib/html.ts'
import type { Page } from '../lib/http-page.ts'
import { actions, actionWords } from './action-words.ts'
import type { Operator } from './operator-login.ts'
import type { NodeFacts, StatusVisit } from './status-ports.ts'
import { number } from './words.ts'

/** Style, script and updates from this node only. Referrer `same-origin`: with `no-referrer` browsers would send `Origin: null`. */
export const FIELDS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'referrer-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
}

const places = [
  ['/', 'Now'],
  ['/queue', 'Queue'],
  ['/search', 'Search'],
  ['/destinations', 'Destinations'],
  ['/checks', 'Checks'],
  ['/accounts', 'Accounts and bans'],
  ['/directory', 'Directory'],
  ['/certificates', 'Certificates and DNS'],
] as const

export interface Content {
  readonly title: string
  readonly body: HtmlValue
  /** 200 if absent. */
  readonly status?: number
  /** Seconds after which the script shows the page again; never if absent. */
  readonly refresh?: number
}

interface Shell {
  readonly facts: NodeFacts
  readonly guard: FormGuard
  readonly cookie: PageCookie
  readonly browser: string
  /** Null before the sign-in. */
  readonly operator: Operator | null
  readonly path: string
}

export function pageOf(visit: StatusVisit, { body, ...content }: Content): Page {
  const whole = html`${doneNote(visit.query)}${body}`
  return framed({ ...visit, facts: visit.ports.facts }, { ...content, body: whole })
}

/** What an action did, by the name and the counts in the address of the page after it. */
function doneNote(query: URLSearchParams): Html | null {
  const action = actions.find((one) => one === query.get('done'))
  if (!action) return null
  const count = (name: string) => Math.max(0, Math.trunc(Number(query.get(name) ?? '0')) || 0)
  const [changed, later] = [count('changed'), count('later')]
  const text = `${actionWords[action]}: ${changed === 0 && later === 0 ? 'nothing fitted, and nothing has changed' : `done, ${number(changed)} changed`}`
  return note(
    changed + later > 0 ? 'good' : 'plain',
    `${text}.${later > 0 ? ` ${number(later)} follow when their running attempt ends without a delivery.` : ''}`,
  )
}

export function framed(shell: Shell, { title, body, status = 200, refresh }: Content): Page {
  const { facts, operator, browser, cookie } = shell
  const content = html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>${title} – ${facts.hostname}</title>
<link rel="stylesheet" href="/style.css">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<script src="/script.js" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<p class="node"><a href="/">${facts.hostname}</a> <span class="tag">${facts.role}</span></p>
${
  operator &&
  html`<div class="tools"><form class="find" method="get" action="/search" role="search"><label class="unseen" for="find">Find mail</label><input id="find" name="q" type="search" maxlength="320" placeholder="Address, Message-ID or queue ID"><button>Find</button></form>
<div class="who"><span>${operator.name}</span>${operator.via === 'token' && form(shell, '/sign-out', html`<button class="quiet">Sign out</button>`)}</div></div>`
}
</header>
${operator && navigation(shell.path)}
<main id="content"${refresh !== undefined && html` data-refresh="${refresh}"`}>
<h1>${title}</h1>
${body}
</main>
<footer><p>Times are in UTC${operator && html`<span class="local-zone"></span>`}. <a href="/healthz">Health</a> and <a href="/metrics">metrics</a> for programs.</p></footer>
</body>
</html>
`
  return {
    status,
    contentType: 'text/html; charset=utf-8',
    content: `<!doctype html>\n${content.html}`,
    headers: { ...FIELDS, 'set-cookie': cookieField(browser, cookie) },
  }
}

function navigation(path: string): Html {
  const links = places.map(([to, text]) => {
    const isHere = to === '/' ? path === '/' || path === '/node' : path === to || path.startsWith(`${to}/`)
    return html`<li><a href="${to}"${isHere ? html` aria-current="page"` : ''}>${text}</a></li>`
  })
  return html`<nav aria-label="Views"><ul>${links}</ul></nav>`
}

/** After a form: the browser asks for a page, so that a reload sends nothing again (RFC 9110 15.4.4). */
export function redirect(to: string, cookie?: string): Page {
  const set: Record<string, string> = cookie === undefined ? {} : { 'set-cookie': cookie }
  return {
    status: 303,
    contentType: 'text/plain; charset=utf-8',
    content: '',
    headers: { ...FIELDS, location: to, ...set },
  }
}

/** A path with a query of these values; empty ones are left out. */
export function link(path: string, query: Readonly<Record<string, string | number | null | undefined>>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === null || value === undefined || value === '' ? [] : [[name, String(value)]],
  )
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs).toString()}`
}

/** A section with a heading. */
export function card(title: string, body: HtmlValue, more: HtmlValue = null): Html {
  return html`<section class="card"><div class="head"><h2>${title}</h2>${more}</div>
${body}</section>`
}

export interface Column {
  readonly name: string
  /** Numbers are at the right. */
  readonly isNumber?: boolean
  /** Named for screen readers only. */
  readonly isUnseen?: boolean
}

/** A table that becomes a list of cards on a narrow screen. Cells are in the order of the columns. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly HtmlValue[])[],
  empty = 'None.',
): Html {
  if (rows.length === 0) return html`<p class="soft">${empty}</p>`
  const head = columns.map(
    ({ name, isNumber, isUnseen }) =>
      html`<th scope="col"${isNumber ? html` class="number"` : ''}>${isUnseen ? html`<span class="unseen">${name}</span>` : name}</th>`,
  )
  const cell = (value: HtmlValue, index: number) => {
    const { name = '', isNumber, isUnseen } = columns[index] ?? {}
    return html`<td data-name="${isUnseen ? '' : name}"${isNumber ? html` class="number"` : ''}>${value}</td>`
  }
  const lines = rows.map((cells) => html`<tr>${cells.map(cell)}</tr>`)
  return html`<table><caption class="unseen">${caption}</caption><thead><tr>${head}</tr></thead><tbody>${lines}</tbody></table>`
}

export type Tone = 'good' | 'warn' | 'bad' | 'plain'

const marks: Readonly<Record<Tone, string>> = { good: '✓', warn: '!', bad: '✕', plain: '·' }

/** A state with a mark, so that its colour is not all that says it. */
export function badge(tone: Tone, text: HtmlValue): Html {
  return html`<span class="badge ${tone}"><span aria-hidden="true">${marks[tone]}</span> ${text}</span>`
}

export function note(tone: Tone, text: HtmlValue): Html {
  return html`<p class="note ${tone}" role="${tone === 'bad' || tone === 'warn' ? 'alert' : 'status'}">${text}</p>`
}
