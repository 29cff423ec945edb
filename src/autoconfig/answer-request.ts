// Answers the requests of mail programs. Everything here comes from strangers: the answers depend on the domain only, so that they do not
// reveal which addresses exist.

import { type Page, plainPage } from '../lib/http-page.ts'
import { appleProfile } from './apple-profile.ts'
import { autodiscoverJson, outlookError, outlookSettings, requestedAddress } from './autodiscover.ts'
import { type MailService, type PersonAddress, personOf } from './mail-service.ts'
import { mozillaConfig } from './mozilla-config.ts'
import { settingsPage } from './settings-page.ts'

export interface ClientRequest {
  readonly method: string
  /** Path and query, as sent. */
  readonly url: string
  /** The Host field without the port, in lower case; empty if there is none. */
  readonly host: string
  readonly body: string
}

export interface AnswerParts {
  readonly service: MailService
  /** Signs a profile; null if the node has no key that can. */
  readonly sign: ((profile: string) => Promise<Buffer>) | null
  /** The name of this HTTPS service. */
  readonly httpsHost: string
  readonly now: () => number
}

type Handler = (parts: AnswerParts, request: ParsedRequest) => Page | Promise<Page>

interface ParsedRequest extends ClientRequest {
  readonly query: URLSearchParams
  readonly path: string
}

interface Resource {
  readonly method: 'GET' | 'POST'
  readonly answer: Handler
}

const XML = 'text/xml; charset=utf-8'
/** Nothing of the page comes from elsewhere, and forms lead here only. */
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

/** By path in lower case: Outlook writes it in several ways. */
const resources: ReadonlyMap<string, Resource> = new Map([
  ['/', { method: 'GET', answer: people }],
  ['/mail/config-v1.1.xml', { method: 'GET', answer: mozilla }],
  ['/.well-known/autoconfig/mail/config-v1.1.xml', { method: 'GET', answer: mozilla }],
  ['/autodiscover/autodiscover.xml', { method: 'POST', answer: outlook }],
  ['/autodiscover/autodiscover.json', { method: 'GET', answer: outlookJson }],
  ['/profile', { method: 'GET', answer: profile }],
] as const)
/** Newer versions of Outlook put the address into the path. */
const jsonPath = /^\/autodiscover\/autodiscover\.json\/v1\.0\/[^/]+$/

/** Never rejects for what a request contains. */
export async function answerRequest(parts: AnswerParts, request: ClientRequest): Promise<Page> {
  const url = URL.parse(request.url, 'https://localhost')
  if (!url) return plainPage(400, 'The address of the page is malformed')
  const path = url.pathname.toLowerCase()
  const resource = resources.get(jsonPath.test(path) ? '/autodiscover/autodiscover.json' : path)
  if (!resource) return plainPage(404, 'Not found')
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (resource.method === 'GET' ? !isRead : request.method !== 'POST')
    return plainPage(405, 'Method not allowed', { allow: resource.method === 'GET' ? 'GET, HEAD' : 'POST' })
  return resource.answer(parts, { ...request, path, query: url.searchParams })
}

function people({ service }: AnswerParts, { query }: ParsedRequest): Page {
  return {
    status: 200,
    contentType: 'text/html; charset=utf-8',
    content: settingsPage(service, personIn(query, service)),
    headers: { 'content-security-policy': PAGE_POLICY, 'referrer-policy': 'no-referrer' },
  }
}

function mozilla({ service }: AnswerParts, { query, host }: ParsedRequest): Page {
  const written = parameter(query, 'emailaddress')
  const domain = written === null ? domainOfHost(host, service) : personOf(written, service)?.domain
  return domain === undefined
    ? unknownDomain()
    : { status: 200, contentType: XML, content: mozillaConfig(service, domain) }
}

function outlook({ service, now }: AnswerParts, { body }: ParsedRequest): Page {
  const address = requestedAddress(body)
  const person = address === null ? null : personOf(address, service)
  const content = person ? outlookSettings(service, person) : outlookError(new Date(now()))
  return { status: 200, contentType: XML, content }
}

function outlookJson({ httpsHost }: AnswerParts, { query }: ParsedRequest): Page {
  const { status, text } = autodiscoverJson(parameter(query, 'protocol'), httpsHost)
  return { status, contentType: 'application/json', content: `${text}\n` }
}

async function profile({ service, sign }: AnswerParts, { query }: ParsedRequest): Promise<Page> {
  const person = personIn(query, service)
  if (!person) return unknownDomain()
  const text = appleProfile(service, person)
  if (text === null)
    return plainPage(
      404,
      'There is no profile: this service has no mailboxes, and Apple programs need an incoming server',
    )
  return {
    status: 200,
    contentType: 'application/x-apple-aspen-config',
    content: sign ? await sign(text) : text,
    headers: { 'content-disposition': 'attachment; filename="mail.mobileconfig"' },
  }
}

function unknownDomain(): Page {
  return plainPage(404, 'This service has no such domain')
}

function personIn(query: URLSearchParams, service: MailService): PersonAddress | null {
  const text = parameter(query, 'address') ?? parameter(query, 'emailaddress')
  return text === null ? null : personOf(text, service)
}

/** The domain of `autoconfig.DOMAIN` or DOMAIN; the main domain for another name of this host. */
function domainOfHost(host: string, { domains }: MailService): string | undefined {
  const domain = host.replace(/^(?:autoconfig|autodiscover)\./, '')
  if (domains.includes(domain)) return domain
  return domain === host ? domains[0] : undefined
}

/** Programs write the names of parameters in several ways. */
function parameter(query: URLSearchParams, name: string): string | null {
  for (const [key, value] of query) if (key.toLowerCase() === name) return value
  return null
}
