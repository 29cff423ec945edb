// One order (RFC 8555 7.4): account, order, authorizations, request, certificate. An order that a restart interrupted is continued.

import type { Clock } from '../lib/clock.ts'
import { AcmeError } from './acme-error.ts'
import { type AcmeSession, describeProblem, objectIn } from './acme-session.ts'
import { createRequest } from './certificate-request.ts'
import type { Challenger } from './challenge.ts'

export interface AccountTerms {
  /** A mail address; null for none. */
  readonly contact: string | null
  /** External account binding; null without one. */
  readonly external: { readonly keyId: string; readonly macKey: string } | null
}

export interface OrderRequest {
  readonly names: readonly string[]
  /** PEM of the key of the certificate. */
  readonly key: string
  readonly profile: string | null
  /** The certificate that is replaced, as RFC 9773 4.1 names it; null for none. */
  readonly replaces: string | null
  /** An order that was begun with the same names and key; null for none. */
  readonly earlier: string | null
}

export interface OrderPorts {
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>
  readonly challenger: Challenger
  /** Called with the URL of a new order, before anything else is done with it. */
  readonly began: (url: string) => Promise<void>
}

/** The authority checks names within seconds. */
const STEP_MS = 2 * 60_000
const POLL_MS = 1000
const MOST_POLL_MS = 30_000

type Json = ReturnType<typeof objectIn>

/** Finds or creates the account of the key, and returns its URL (RFC 8555 7.3). */
export async function openAccount(session: AcmeSession, { contact, external }: AccountTerms): Promise<string> {
  const { newAccount } = await session.directory()
  const binding = external && (await session.bindExternal(external.keyId, external.macKey))
  const { location } = await session.post(newAccount, {
    termsOfServiceAgreed: true,
    ...(contact !== null && { contact: [`mailto:${contact}`] }),
    ...(binding && { externalAccountBinding: binding }),
  })
  if (location === '') throw new AcmeError('the authority named no account')
  session.useAccount(location)
  return location
}

/** The certificate with its chain, PEM. Throws AcmeError. */
export async function orderCertificate(
  session: AcmeSession,
  request: OrderRequest,
  ports: OrderPorts,
): Promise<string> {
  const { url, order } = (await continueOrder(session, request)) ?? (await newOrder(session, request, ports))
  let state = order
  try {
    if (state['status'] === 'pending') {
      for (const authorization of listOf(state['authorizations'])) await authorize(session, authorization, ports)
      state = await poll(session, url, ['pending'], ports)
    }
  } finally {
    await ports.challenger.hide()
  }
  if (state['status'] === 'ready') {
    const csr = createRequest(request.names, request.key).toString('base64url')
    await session.post(textOf(state['finalize'], 'a URL to finalize'), { csr })
    state = await poll(session, url, ['ready', 'processing'], ports)
  } else if (state['status'] === 'processing') state = await poll(session, url, ['processing'], ports)
  if (state['status'] !== 'valid') throw failureOf(state, 'the order')
  return (await session.post(textOf(state['certificate'], 'a certificate'), null)).body
}

interface Begun {
  readonly url: string
  readonly order: Json
}

/** Null if there is none, or if it cannot be continued. */
async function continueOrder(session: AcmeSession, { earlier, names }: OrderRequest): Promise<Begun | null> {
  if (earlier === null) return null
  try {
    const order = objectIn((await session.post(earlier, null)).body)
    const identifiers = (order['identifiers'] ?? []) as { value: string }[]
    const isSame =
      identifiers
        .map(({ value }) => value)
        .toSorted()
        .join() === names.toSorted().join()
    return isSame && order['status'] !== 'invalid' ? { url: earlier, order } : null
  } catch (error) {
    if (error instanceof AcmeError) return null
    throw error
  }
}

async function newOrder(session: AcmeSession, request: OrderRequest, { began }: OrderPorts): Promise<Begun> {
  const { names, profile, replaces } = request
  const { newOrder: place, profiles, renewalInfo } = await session.directory()
  if (profile !== null && !profiles.includes(profile))
    throw new AcmeError(`the authority offers no profile ${profile}; it offers ${profiles.join(', ') || 'none'}`)
  const plain = {
    identifiers: names.map((value) => ({ type: 'dns', value })),
    ...(profile !== null && { profile }),
  }
  const wanted = replaces !== null && renewalInfo !== null ? { ...plain, replaces } : plain
  const answer = await session.post(place, wanted).catch((error: unknown) => {
    // RFC 9773 5: a certificate that was replaced before is no reason to have none.
    if (error instanceof AcmeError && error.type === 'alreadyReplaced') return session.post(place, plain)
    throw error
  })
  if (answer.location === '') throw new AcmeError('the authority named no order')
  await began(answer.location)
  return { url: answer.location, order: objectIn(answer.body) }
}

async function authorize(session: AcmeSession, url: string, ports: OrderPorts): Promise<void> {
  const { challenger } = ports
  const authorization = objectIn((await session.post(url, null)).body)
  if (authorization['status'] === 'valid') return
  const { value: name } = (authorization['identifier'] ?? {}) as { value?: string }
  const challenges = (authorization['challenges'] ?? []) as { type: string; url: string; token: string }[]
  const challenge = challenges.find(({ type }) => type === challenger.type)
  if (!challenge || name === undefined) throw new AcmeError(`the authority offers no ${challenger.type} for ${name}`)
  // RFC 8555 8.1: base64url; it becomes a part of a path.
  if (!/^[\w-]+$/.test(challenge.token)) throw new AcmeError('the authority gave a malformed token')
  await challenger.show(name, challenge.token, session.keyAuthorization(challenge.token))
  await session.post(challenge.url, {})
  const checked = await poll(session, url, ['pending'], ports)
  if (checked['status'] === 'valid') return
  const failed = ((checked['challenges'] ?? []) as Json[]).find((one) => one['error'] !== undefined)
  throw failureOf(failed ?? checked, `the check of ${name} by ${challenger.type}`)
}

/** Asks until the status is none of `waiting`. */
async function poll(
  session: AcmeSession,
  url: string,
  waiting: readonly string[],
  { clock }: OrderPorts,
): Promise<Json> {
  const end = clock.monotonic() + STEP_MS
  for (;;) {
    const answer = await session.post(url, null)
    const state = objectIn(answer.body)
    if (!waiting.includes(String(state['status']))) return state
    const wait = Math.min(Math.max(answer.retryMs ?? POLL_MS, POLL_MS), MOST_POLL_MS)
    if (clock.monotonic() + wait > end)
      throw new AcmeError(`the authority is not done within ${STEP_MS / 60_000} minutes`)
    await clock.sleep(wait)
  }
}

function failureOf(state: Json, what: string): AcmeError {
  const error = state['error'] as Json | undefined
  const { type, message } = error ? describeProblem(error) : { type: '', message: `status ${String(state['status'])}` }
  return new AcmeError(`${what} failed: ${message}`, { type: type || null })
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value
  throw new AcmeError(`the authority named no ${what}`)
}
