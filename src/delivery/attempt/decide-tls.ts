// What the TLS policy of a target demands for a message, before the connection.

import type { Claim } from '../../queue/contract/queue.ts'
import { describeTarget, type Target } from '../target.ts'
import type { HostAvoidance, HostDecision, PolicyPorts } from '../tls-policy/tls-policy.ts'
import type { OpenResult } from '../smtp-client/transport.ts'

/** @param isTlsOptional the message has `TLS-Required: No`, so what the recipient domain asks for does not apply (RFC 8689 section 4.1) */
export function decideTls(
  target: Target,
  isTlsOptional: boolean,
  ports: PolicyPorts,
): HostDecision | Promise<HostDecision> {
  const { host, path, endpoint, tls } = target
  const policy = isTlsOptional ? (tls.relaxed ?? tls) : tls
  return policy.forHost({ host, path, port: endpoint.kind === 'tcp' ? endpoint.port : 0 }, ports)
}

const tlsRequiredNo = /^TLS-Required:[ \t]*No[ \t]*\r?$/im

/**
 * The message has `TLS-Required: No` in its header: the sender asks for delivery even where the TLS policy of the recipient domain cannot be
 * kept, as for a report about that policy. The parameter REQUIRETLS outweighs it (RFC 8689 sections 4.1 and 5).
 */
export function isTlsOptional({ header, parameters }: Pick<Claim['message'], 'header' | 'parameters'>): boolean {
  return !parameters.requireTls && tlsRequiredNo.test(header.toString('latin1'))
}

/** A host that was not tried, as the result of an attempt to open a connection. */
export function avoided(target: Target, avoidance: HostAvoidance): Extract<OpenResult, { kind: 'closed' }> {
  const { status, text, failure, policy = target.tls.name } = avoidance
  return {
    kind: 'closed',
    peer: describeTarget(target),
    reached: false,
    localAddress: null,
    peerName: null,
    error: { kind: 'unsupported', scope: 'site', status, text },
    tls: { level: 'none', policy, failure },
  }
}
