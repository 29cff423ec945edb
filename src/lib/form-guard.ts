// Proves that a form was sent from a page of this node: by its origin, and by a token that depends on the cookie of the browser and on the
// form. Pages of others can read neither.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type Html, html, type HtmlValue } from './html.ts'

/** The cookie of a page. */
export interface PageCookie {
  /** With `__Host-` only this host can set it, for all of its paths, with TLS (RFC 6265bis 4.1.3.2). */
  readonly name: string
  /** Sent with TLS only. */
  readonly isSecure: boolean
}

/** What the checks read of a request. */
export interface FormRequest {
  readonly headers: IncomingHttpHeaders
  /** The Host field in lower case, with the port. */
  readonly authority: string
}

const TOKEN_OCTETS = 32
const token = /^[A-Za-z0-9_-]{43}$/
const FORM_TYPE = /^application\/x-www-form-urlencoded(?:\s*;|$)/i

export interface FormGuard {
  /** The token of a form in a page for this browser. @param action path of the form */
  tokenFor(browser: string, action: string): string
  isToken(given: string, browser: string, action: string): boolean
}

/** Each result has another key, so that a restart makes old pages useless. */
export function createFormGuard(): FormGuard {
  const key = randomBytes(TOKEN_OCTETS)
  const tokenFor = (browser: string, action: string) =>
    createHmac('sha256', key)
      .update(JSON.stringify([browser, action]))
      .digest('base64url')
  return {
    tokenFor,
    isToken: (given, browser, action) => {
      const [one, other] = [Buffer.from(given), Buffer.from(tokenFor(browser, action))]
      return one.length === other.length && timingSafeEqual(one, other)
    },
  }
}

/** The token in the cookie of the browser; null without one of our form. */
export function browserToken({ headers }: Pick<FormRequest, 'headers'>, cookie: PageCookie): string | null {
  for (const pair of (headers.cookie ?? '').split(';')) {
    const [name, value = ''] = pair.trim().split('=', 2)
    if (name === cookie.name && token.test(value)) return value
  }
  return null
}

export function newBrowserToken(): string {
  return randomBytes(TOKEN_OCTETS).toString('base64url')
}

/** The field that gives the browser its token until it is closed. */
export function cookieField(browser: string, { name, isSecure }: PageCookie): string {
  return `${name}=${browser}; Path=/; ${isSecure ? 'Secure; ' : ''}HttpOnly; SameSite=Strict`
}

/** Null, or why the request is not one of our forms. Browsers send Origin with every POST. @param schemes of our pages */
export function whyForeign(
  { headers, authority }: FormRequest,
  schemes: readonly ('http' | 'https')[] = ['https'],
): string | null {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin') return `sec-fetch-site is ${String(site)}`
  const own = schemes.map((scheme) => `${scheme}://${authority}`)
  if (!own.includes(headers.origin?.toLowerCase() ?? '')) return `the origin is ${headers.origin ?? 'missing'}`
  return FORM_TYPE.test(headers['content-type'] ?? '') ? null : 'the content type is not that of a form'
}

/** A form with its token. @param fields of the form, with its button */
export function form(
  { guard, browser }: { readonly guard: FormGuard; readonly browser: string },
  action: string,
  fields: HtmlValue,
): Html {
  return html`<form method="post" action="${action}">
<input type="hidden" name="token" value="${guard.tokenFor(browser, action)}">
${fields}
</form>`
}
