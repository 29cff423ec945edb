// How long the node's certificate is still valid, as a health state.

import type { Health } from './health-report.ts'

const DAY_MS = 86_400_000
/** Public CAs expect renewal a month before expiry; two weeks before, renewal has failed. */
const CERTIFICATE_WARNING_MS = 14 * DAY_MS

/** `certificate.expiresAt` and `now` are unix milliseconds; null is a node without a certificate, which is healthy. */
export function certificateHealth(certificate: { readonly expiresAt: number } | null, now: number): Health {
  if (!certificate) return { kind: 'ok' }
  const left = certificate.expiresAt - now
  if (left <= 0) return { kind: 'failing', reason: 'the certificate has expired' }
  if (left > CERTIFICATE_WARNING_MS) return { kind: 'ok' }
  return { kind: 'degraded', reason: `the certificate expires in ${Math.floor(left / DAY_MS)} days` }
}
