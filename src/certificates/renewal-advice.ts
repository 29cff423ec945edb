// Asks the authority when a certificate should be renewed (ARI, RFC 9773).

import type { Clock } from '../lib/clock.ts'
import { AcmeError } from './acme-error.ts'
import { AcmeSession } from './acme-session.ts'
import { readWindow, renewalId, type Window, windowOf } from './renewal-info.ts'

export interface RenewalAdvice {
  readonly window: Window
  /** Ms after which to ask again. */
  readonly askMs: number
  /** False: from the life of the certificate. */
  readonly byAdvice: boolean
}

const HOUR_MS = 3_600_000
/** Time between questions if the authority names none, and its bounds (RFC 9773 4.3.2). */
const ADVICE_MS = 6 * HOUR_MS
const MOST_ADVICE_MS = 24 * HOUR_MS

/** An authority that is down must not keep the node from a renewal in time: then the life of the certificate counts. */
export async function renewalAdvice(
  place: { readonly directoryUrl: string; readonly ca: string | null },
  certificate: string,
  clock: Pick<Clock, 'after' | 'now'>,
): Promise<RenewalAdvice> {
  const byLife = { window: windowOf(certificate), askMs: ADVICE_MS, byAdvice: false }
  try {
    // Nothing is signed.
    const session = new AcmeSession({ ...place, accountKey: '' }, clock)
    const { renewalInfo } = await session.directory()
    const id = renewalInfo === null ? null : await renewalId(certificate)
    if (renewalInfo === null || id === null) return byLife
    const answer = await session.get(`${renewalInfo.replace(/\/$/, '')}/${id}`)
    const askMs = Math.min(Math.max(answer.retryMs ?? ADVICE_MS, HOUR_MS), MOST_ADVICE_MS)
    return { window: readWindow(answer), askMs, byAdvice: true }
  } catch (error) {
    if (error instanceof AcmeError) return { ...byLife, askMs: HOUR_MS }
    throw error
  }
}
