// When a certificate should be renewed: as the authority suggests (ARI, RFC 9773), else after two thirds of its life.

import { X509Certificate } from 'node:crypto'
import type { AcmeAnswer } from './acme-session.ts'
import { objectIn } from './acme-session.ts'
import { AcmeError } from './acme-error.ts'

export interface Window {
  /** Unix milliseconds. */
  readonly start: number
  readonly end: number
}

/** Part of the life after which a certificate is renewed without advice. */
const RENEW_AT = 2 / 3
const DAY_MS = 86_400_000

/** The name of a certificate for RFC 9773 4.1: key identifier of the issuer, and serial number. Null without the identifier. */
export async function renewalId(certificate: string): Promise<string | null> {
  // The library takes 0.1 s to load, and is needed some times a day.
  const { AuthorityKeyIdentifier, Certificate } = await import('pkijs')
  const parsed = Certificate.fromBER(new X509Certificate(certificate).raw)
  const extension = parsed.extensions?.find(({ extnID }) => extnID === '2.5.29.35')?.parsedValue
  const identifier = extension instanceof AuthorityKeyIdentifier ? extension.keyIdentifier : undefined
  if (!identifier) return null
  const parts = [identifier.valueBlock.valueHexView, parsed.serialNumber.valueBlock.valueHexView]
  return parts.map((octets) => Buffer.from(octets).toString('base64url')).join('.')
}

/** The window that the authority suggests (RFC 9773 4.2). Throws AcmeError for an answer without one. */
export function readWindow({ status, body }: Pick<AcmeAnswer, 'status' | 'body'>): Window {
  if (status !== 200) throw new AcmeError(`the authority answered ${status} to the question when to renew`)
  const { suggestedWindow } = objectIn(body) as { suggestedWindow?: { start?: string; end?: string } }
  const [start, end] = [Date.parse(suggestedWindow?.start ?? ''), Date.parse(suggestedWindow?.end ?? '')]
  if (Number.isNaN(start) || Number.isNaN(end) || end < start)
    throw new AcmeError('the authority suggested no window to renew')
  return { start, end }
}

/** The window without advice: a day from two thirds of the life on, so that nodes of a fleet do not all renew at once. */
export function windowOf(certificate: string): Window {
  const parsed = new X509Certificate(certificate)
  const [from, to] = [Date.parse(parsed.validFrom), Date.parse(parsed.validTo)]
  const start = from + (to - from) * RENEW_AT
  return { start, end: start + Math.min(DAY_MS, (to - from) / 10) }
}

/** A time in the window, the same for each call with the same part. @param part from 0 to 1 */
export function timeIn({ start, end }: Window, part: number): number {
  return start + (end - start) * part
}
