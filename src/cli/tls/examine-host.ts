// One mail host: what its TLS policy demands, and what a connection reaches.

import { decideTls } from '../../delivery/attempt/decide-tls.ts'
import { outcomeOf } from '../../delivery/attempt/delivery-outcome.ts'
import type { HostFinder } from '../../delivery/hosts/host-settings.ts'
import type { Transport } from '../../delivery/smtp-client/transport.ts'
import { describeTarget, type Target } from '../../delivery/target.ts'
import type { HostDecision, PolicyFinding, PolicyPorts } from '../../delivery/tls-policy/tls-policy.ts'
import type { Clock } from '../../lib/clock.ts'
import type { TlsResult } from '../../smtp/tls-result.ts'

export interface TlsPorts {
  readonly finder: HostFinder
  readonly transport: Transport
  readonly policies: PolicyPorts
  readonly clock: Clock
}

export interface HostReport {
  /** `name[ip]:port`. */
  readonly peer: string
  /** Whether DNSSEC covers them; null for what no look-up was needed for. */
  readonly mxSecure: boolean | null
  readonly addressSecure: boolean | null
  readonly policy: string
  /** What the policy demands. */
  readonly demand: string
  readonly findings: readonly PolicyFinding[]
  /** What a connection reached; null without one. */
  readonly tls: TlsResult | null
  readonly result: string | null
  readonly isAccepted: boolean
}

/** For one host: a person waits. Servers of delivery have longer. */
const HOST_MS = 30_000

export async function examineHost(target: Target, ports: TlsPorts, connects: boolean): Promise<HostReport> {
  const decision = await decideTls(target, false, ports.policies)
  const { path, endpoint } = target
  const isMx = path.domain !== null
  const report = {
    peer: describeTarget(target),
    mxSecure: isMx ? path.mxAuthentic : null,
    addressSecure: endpoint.kind === 'tcp' && endpoint.address !== target.host ? path.addressAuthentic : null,
    policy: decision.kind === 'use' ? decision.requirement.policy : (decision.policy ?? target.tls.name),
    demand: demandOf(decision),
    findings: decision.findings ?? [],
  }
  if (decision.kind === 'avoid') return { ...report, tls: null, result: null, isAccepted: false }
  if (!connects) return { ...report, tls: null, result: null, isAccepted: true }
  const opened = await ports.transport.open(target, decision.requirement, ports.clock.monotonic() + HOST_MS)
  if (opened.kind === 'closed') {
    const facts = { host: opened.peer, tls: opened.tls, dsnPassedOn: false, lmtp: false, recipients: 1 }
    const { status, reply } = outcomeOf(opened.error, facts)
    return { ...report, tls: opened.tls, result: `${status} ${reply}`, isAccepted: false }
  }
  const { tls } = opened.connection
  opened.connection.quit()
  return { ...report, tls, result: reachedBy(tls), isAccepted: true }
}

function demandOf(decision: HostDecision): string {
  if (decision.kind === 'avoid') return `the host must not be used: ${decision.status} ${decision.text}`
  const { startTls, serverName } = decision.requirement
  const sni = serverName === undefined ? '' : `, server name ${serverName}`
  switch (startTls) {
    case 'never':
      return 'no TLS'
    case 'if-offered':
      return `TLS if the host offers it${sni}`
    case 'always':
      return `TLS always${sni}`
  }
}

function reachedBy({ level, protocol = 'TLS', failure }: TlsResult): string {
  const reached = level === 'none' ? 'no TLS' : `${protocol}, ${level}`
  return failure === undefined ? reached : `${reached} (${failure})`
}
