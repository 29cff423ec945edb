// The frame of every page: head, navigation, and the fields that keep it alone. It has no script, and asks no other server.

import { createHash } from 'node:crypto'
import type { Page } from '../lib/http-page.ts'
import { type Html, html } from '../lib/html.ts'
import { cookieField, form, type PageCookie } from '../lib/form-guard.ts'
import { STYLE } from './style.ts'
import type { Visit } from './visit.ts'

/** Of this page. */
export const COOKIE: PageCookie = { name: '__Host-waypost', isSecure: true }

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')
/** Only the style of this file and forms to this host. Referrer `same-origin`: with `no-referrer` browsers would send `Origin: null`. */
const FIELDS = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'referrer-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
}

const places = [
  ['/', 'Overview'],
  ['/password', 'Password'],
  ['/app-passwords', 'App passwords'],
  ['/second-factor', 'Second factor'],
  ['/logins', 'Logins'],
  ['/sent', 'Sent mail'],
] as const

export interface Content {
  readonly title: string
  readonly body: Html
  /** 200 if absent. */
  readonly status?: number
  /** A new token for the browser. */
  readonly browser?: string
}

export function pageOf(visit: Visit, { title, body, status = 200, browser }: Content): Page {
  const { settings, session } = visit
  const isOpen = session?.stage === 'open'
  const content = html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} – ${settings.name}</title>
<style>${{ html: STYLE }}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header>
<p class="service">${settings.name}</p>
${session && html`<div class="person"><span>${session.identity}</span>${form(visit, '/sign-out', html`<button class="quiet">Sign out</button>`)}</div>`}
</header>
${isOpen && navigation(visit)}
<main id="content" class="${isOpen ? 'wide' : 'narrow'}">
<h1>${title}</h1>
${body}
</main>
<footer>${settings.help !== null && html`<a href="${settings.help}">Help</a>`}</footer>
</body>
</html>
`
  return {
    status,
    contentType: 'text/html; charset=utf-8',
    content: `<!doctype html>\n${content.html}`,
    headers: { ...FIELDS, ...(browser === undefined ? {} : { 'set-cookie': cookieField(browser, COOKIE) }) },
  }
}

function navigation({ path }: Visit): Html {
  const links = places.map(
    ([to, text]) => html`<li><a href="${to}"${path === to ? html` aria-current="page"` : ''}>${text}</a></li>`,
  )
  return html`<nav aria-label="Pages"><ul>${links}</ul></nav>`
}

/** After a form: the browser asks for a page, so that a reload sends nothing again (RFC 9110 15.4.4). */
export function redirect(to: string, browser?: string): Page {
  return {
    status: 303,
    contentType: 'text/plain; charset=utf-8',
    content: '',
    headers: {
      ...FIELDS,
      location: to,
      ...(browser === undefined ? {} : { 'set-cookie': cookieField(browser, COOKIE) }),
    },
  }
}

export function problem(text: string | null): Html | null {
  return text === null ? null : html`<p class="note bad" role="alert">${text}</p>`
}

/** A time as a page shows it, in UTC: without a script the zone of the reader is not known. */
export function time(at: number): Html {
  const iso = new Date(at).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC</time>`
}
