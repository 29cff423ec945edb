// The health checks of a node: queue, certificate, source addresses, drain.

import type { SourceCheck } from '../delivery/hosts/source-check.ts'
import type { Clock } from '../lib/clock.ts'
import type { Current } from '../lib/current.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import { freeSpace } from '../policy/checks/storage.ts'
import type { Queue } from '../queue/contract/queue.ts'

/** The end of a certificate, and of further ones; unix milliseconds. */
export interface Expiring {
  readonly expiresAt: number
  readonly more?: readonly { readonly expiresAt: number }[]
}

export interface HealthParts {
  readonly queue: Pick<Queue, 'health'>
  readonly clock: Clock
  readonly certificate: Current<Expiring | null>
  /** Why other hosts reject the certificate; null if they do not. */
  readonly certificateMismatch: () => string | null
  /** Null for a node that never sends to the internet. */
  readonly addresses: Pick<SourceCheck, 'status'> | null
  /** Aborted when the node drains. */
  readonly draining: AbortSignal
}

const DAY_MS = 86_400_000
/** Public CAs expect renewal a month before expiry; two weeks before, renewal has failed. */
const CERTIFICATE_WARNING_MS = 14 * DAY_MS

export function healthChecks(parts: HealthParts): HealthCheck[] {
  const { queue, clock, certificate, certificateMismatch, addresses, draining } = parts
  return [
    { name: 'queue', check: () => queueHealth(queue) },
    { name: 'certificate', check: () => allCertificates(certificate.value, clock.now(), certificateMismatch()) },
    { name: 'addresses', check: () => addressHealth(addresses) },
    { name: 'running', check: () => (draining.aborted ? failing('the node is draining') : { kind: 'ok' }) },
  ]
}

/** `now` is unix milliseconds, `mismatch` why other hosts reject the certificate; a node without a certificate is healthy. */
export function certificateHealth(certificate: Expiring | null, now: number, mismatch: string | null = null): Health {
  if (!certificate) return { kind: 'ok' }
  const left = certificate.expiresAt - now
  if (left <= 0) return failing('the certificate has expired; renew it')
  if (left > CERTIFICATE_WARNING_MS) return mismatch === null ? { kind: 'ok' } : { kind: 'degraded', reason: mismatch }
  return { kind: 'degraded', reason: `the certificate expires in ${Math.floor(left / DAY_MS)} days; renew it` }
}

/** Of the certificate of the node and of `tls.more`: the worst. */
function allCertificates(certificate: Expiring | null, now: number, mismatch: string | null): Health {
  const further = (certificate?.more ?? []).map((one, index) => {
    const health = certificateHealth(one, now)
    return 'reason' in health ? { ...health, reason: `tls.more.${index}: ${health.reason}` } : health
  })
  const all = [certificateHealth(certificate, now, mismatch), ...further]
  return all.find(({ kind }) => kind === 'failing') ?? all.find(({ kind }) => kind === 'degraded') ?? { kind: 'ok' }
}

async function queueHealth(queue: HealthParts['queue']): Promise<Health> {
  const health = await queue.health()
  if (health.kind === 'ok') return { kind: 'ok' }
  if (health.kind === 'failing') return failing(health.cause)
  return failing(`the file system of the queue is nearly full: ${freeSpace(health)}`)
}

function addressHealth(addresses: HealthParts['addresses']): Health {
  const unnamed = addresses
    ?.status()
    .flatMap(({ address, state }) => (state.kind === 'unnamed' && address ? [address] : []))
  if (!unnamed || unnamed.length === 0) return { kind: 'ok' }
  return { kind: 'degraded', reason: `no confirmed reverse DNS: ${unnamed.join(', ')}` }
}

function failing(reason: string): Health {
  return { kind: 'failing', reason }
}
