// A browser for tests of HTTPS pages: it keeps the cookie, follows redirections and sends the forms of the page that it has.

import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { plant } from './planted-secrets.ts'

export interface Shown {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export interface PlaceOfPage {
  readonly port: number
  readonly ca: string
  /** In the Host field. */
  readonly host: string
  /** Of the client. */
  readonly localAddress?: string
}

export interface PageBrowser {
  cookie: string
  /** The page that is shown. */
  readonly body: string
  get(path: string): Promise<Shown>
  /** Sends the form with this action, with the values that the page has for its hidden fields. */
  submit(action: string, fields?: Readonly<Record<string, string | readonly string[]>>): Promise<Shown>
}

export interface RawRequest {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export function openBrowser(place: PlaceOfPage): PageBrowser {
  const browser = { cookie: '', body: '' }
  const show = async (asked: RawRequest): Promise<Shown> => {
    const cookie: Record<string, string> = browser.cookie === '' ? {} : { cookie: browser.cookie }
    const shown = await askPage(place, { ...asked, headers: { ...cookie, ...asked.headers } })
    const [set] = [shown.headers['set-cookie'] ?? []].flat()
    if (set !== undefined) browser.cookie = set.split(';')[0] as string
    if (shown.status === 303) return show({ path: String(shown.headers['location']) })
    browser.body = shown.body
    return shown
  }
  return {
    get cookie() {
      return browser.cookie
    },
    set cookie(value) {
      browser.cookie = value
    },
    get body() {
      return browser.body
    },
    get: (path) => show({ path }),
    submit: (action, fields = {}) => {
      const body = new URLSearchParams({ token: tokenIn(browser.body, action) })
      for (const [name, value] of Object.entries(fields))
        for (const one of [value].flat()) {
          if (/password|again|present|new/i.test(name)) plant(one)
          body.append(name, one)
        }
      const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: `https://${hostOf(place)}` }
      return show({ method: 'POST', path: action, headers, body: body.toString() })
    },
  }
}

/** The token of a form; empty if the page does not have the form. */
export function tokenIn(body: string, action: string): string {
  return new RegExp(`action="${action}">\\s*<input type="hidden" name="token" value="([^"]+)"`).exec(body)?.[1] ?? ''
}

function hostOf({ host, port }: PlaceOfPage): string {
  return `${host}:${port}`
}

export function askPage(
  place: PlaceOfPage,
  { method = 'GET', path, headers = {}, body = '' }: RawRequest,
): Promise<Shown> {
  const { port, ca, host, localAddress = '127.0.0.1' } = place
  const options = { host: '127.0.0.1', port, path, method, ca, localAddress, servername: host, agent: false } as const
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, headers: { host: hostOf(place), ...headers } }, (response) => {
      const { statusCode: status = 0 } = response
      text(response).then((content) => resolve({ status, body: content, headers: response.headers }), reject)
    })
    sent.on('error', reject).end(body)
  })
}
