// Teaches rspamd with a message, through its controller (/learnspam, /learnham). rspamd explains an error in the status line. It answers 200
// even without a classifier, so its /stat is read before.

import { Agent, type OutgoingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Clock } from '../lib/clock.ts'
import { endpointOf, type Exchanged, exchangeHttp, type HttpRequest } from './rspamd-exchange.ts'
import { field } from './rspamd-headers.ts'

export interface ControllerSettings {
  /** `http://host:port` or `unix:/path`, tried in turn. */
  readonly urls: readonly string[]
  readonly password: string | null
  /** Milliseconds for one URL: connection, upload and answer. */
  readonly timeoutMs: number
}

export type LearnClass = 'spam' | 'ham'

/** A whole message. */
export interface LearnMessage {
  /** Octets. */
  readonly size: number
  /** Opens a new stream of the octets. It may be called several times. */
  open(): Readable
}

/** Why nothing was learned; `cause` is a sentence for the operator. */
export interface LearnFailure {
  readonly kind: 'password-refused' | 'no-classifier' | 'too-large' | 'not-learned' | 'unavailable'
  readonly cause: string
}

export type LearnResult = { readonly kind: 'learned' | 'already-learned' } | LearnFailure

export interface RspamdController {
  /** Why no message can be learned now, or null. Never rejects. */
  check(): Promise<LearnFailure | null>
  /** Never rejects. */
  learn(as: LearnClass, message: LearnMessage): Promise<LearnResult>
}

/** rspamd's status for a message that it learned before, with the same class. */
const ALREADY_LEARNED = 208
/** Characters of rspamd's explanation. */
const MOST_TEXT = 400

/** Creates a client of the controllers. It keeps no connection, because rspamd closes each one. */
export function createController(settings: ControllerSettings, clock: Clock): RspamdController {
  return {
    check: async () => {
      const found = await askInTurn(settings, clock, { method: 'GET', path: '/stat', headers: {}, openBody: null })
      if (found.answer === null) return { kind: 'unavailable', cause: found.cause }
      if (isRefused(found.answer)) return passwordRefused(settings, found)
      // Another answer is no reason to give up: learning itself reports the error.
      return hasNoClassifier(found.answer) ? noClassifier(found.url) : null
    },
    learn: async (as, message) => {
      const headers = { 'Content-Length': message.size }
      const openBody = () => message.open()
      const found = await askInTurn(settings, clock, { method: 'POST', path: `/learn${as}`, headers, openBody })
      if (found.answer === null) return { kind: 'unavailable', cause: found.cause }
      return readLearned(settings, found, message.size)
    },
  }
}

type Answer = Exchanged & { kind: 'answered' }

interface Answered {
  readonly url: string
  readonly answer: Answer
}

type Question = Pick<HttpRequest, 'method' | 'path' | 'openBody'> & { readonly headers: OutgoingHttpHeaders }

/** The answer of the first controller that gives one, or the cause for each. */
async function askInTurn(
  { urls, password, timeoutMs: limitMs }: ControllerSettings,
  clock: Clock,
  question: Question,
): Promise<Answered | { readonly answer: null; readonly cause: string }> {
  const headers = { ...question.headers, ...(password === null ? {} : { Password: field(password) }) }
  const agent = new Agent({ keepAlive: false })
  const causes: string[] = []
  for (const url of urls) {
    const answer = await exchangeHttp({ ...question, headers, endpoint: endpointOf(url), agent, clock, limitMs })
    if (answer.kind === 'answered') return { url, answer }
    causes.push(`${url}: ${answer.cause}`)
  }
  return { answer: null, cause: causes.join('; ') }
}

function readLearned(settings: ControllerSettings, found: Answered, size: number): LearnResult {
  const { url, answer } = found
  if (isRefused(answer)) return passwordRefused(settings, found)
  const reason = clean(errorOf(answer.text) ?? answer.reason)
  if (answer.status === ALREADY_LEARNED || /already learned/i.test(reason)) return { kind: 'already-learned' }
  if (answer.status === 413)
    return { kind: 'too-large', cause: `${url}: rspamd takes no message of ${size} octets; see its max_message` }
  if (answer.status !== 200) return { kind: 'not-learned', cause: `${url}: ${explained(answer.status, reason)}` }
  if (parse(answer.text)?.['success'] === true) return { kind: 'learned' }
  return { kind: 'not-learned', cause: `${url}: the answer does not confirm it; is this the controller of rspamd?` }
}

function explained(status: number, reason: string): string {
  if (/invalid command/i.test(reason))
    return 'this worker cannot learn; name the controller of rspamd (usual port 11334)'
  return reason === '' ? `HTTP status ${status}` : `rspamd did not learn it: ${reason}`
}

/** rspamd 3.4 answers 401, earlier and later ones also 403. */
function isRefused({ status }: Answer): boolean {
  return status === 401 || status === 403
}

function passwordRefused({ password }: ControllerSettings, { url, answer }: Answered): LearnFailure {
  const cause =
    password === null
      ? `the controller requires a password (HTTP status ${answer.status}); set rspamd.controller.password_file`
      : `the controller refused the password (HTTP status ${answer.status}); compare rspamd.controller.password_file with rspamd's worker-controller.inc`
  return { kind: 'password-refused', cause: `${url}: ${cause}` }
}

function noClassifier(url: string): LearnFailure {
  const cause = `${url}: rspamd has no classifier; configure one with a backend such as Redis (its statistic.conf)`
  return { kind: 'no-classifier', cause }
}

/** /stat lists a file for each class of each classifier. */
function hasNoClassifier({ status, text }: Answer): boolean {
  const files = status === 200 ? parse(text)?.['statfiles'] : undefined
  return Array.isArray(files) && files.length === 0
}

function errorOf(text: string): string | null {
  const error = parse(text)?.['error']
  return typeof error === 'string' && error !== '' ? error : null
}

function parse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : null
  } catch {
    return null
  }
}

/** One line: rspamd quotes the Message-ID of a stranger. */
function clean(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, MOST_TEXT)
}
