// Settings of the SMTP client for tests: short time-outs, no certificates unless given.

import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { avoided, decideTls } from '../../src/delivery/attempt/decide-tls.ts'
import type { ClientProfile } from '../../src/delivery/smtp-client/client-profile.ts'
import {
  standardTimeouts,
  type Timeouts,
  type TransportSettings,
} from '../../src/delivery/smtp-client/transport-settings.ts'
import type { Target } from '../../src/delivery/target.ts'
import type {
  OpenResult,
  Transport,
  TransportContent,
  TransportEnvelope,
} from '../../src/delivery/smtp-client/transport.ts'
import { configuredPath } from '../../src/delivery/tls-policy/host-path.ts'
import { tlsPolicies } from '../../src/delivery/tls-policy/configured-policies.ts'
import type { PolicyPorts } from '../../src/delivery/tls-policy/tls-policy.ts'
import type { Resolver } from '../../src/dns/resolver.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { plainMail, plainRecipient } from '../../src/smtp/envelope.ts'
import { Readable } from 'node:stream'
import { fakeResolver } from './fake-resolver.ts'

export interface TestTransport {
  readonly timeouts?: Partial<Timeouts>
  readonly tls?: SecureContextOptions
}

export function transportSettings(options: TestTransport = {}): TransportSettings {
  const context = createSecureContext(options.tls ?? {})
  return {
    helo: { ipv4: 'client.test', ipv6: 'client6.test' },
    timeouts: { ...standardTimeouts, ...options.timeouts },
    tls: { opportunistic: context, verified: context, public: context },
    source: { ipv4: null, ipv6: null },
  }
}

/** The usual behaviour with some changes. */
export function profileWith(changes: Partial<ClientProfile>): ClientProfile {
  const usual = { name: 'peer', credentials: null, tls: null, discardEhlo: new Set<string>(), source: null, helo: null }
  return { ...usual, ...changes }
}

/** A host on loopback. */
export function loopbackTarget(port: number, changes: Partial<Target> = {}): Target {
  return {
    protocol: 'smtp',
    host: 'peer.test',
    endpoint: { kind: 'tcp', address: '127.0.0.1', port },
    tls: tlsPolicies.none,
    implicitTls: false,
    path: configuredPath('peer.test'),
    ...changes,
  }
}

export function envelopeFor(
  recipients: readonly string[],
  changes: Partial<TransportEnvelope> = {},
): TransportEnvelope {
  return {
    reversePath: 'sender@example.org',
    parameters: plainMail,
    recipients: recipients.map((address) => ({ address, parameters: plainRecipient })),
    ...changes,
  }
}

export function contentFrom(header: string | Buffer, body: string | Buffer, streamed = false): TransportContent {
  const bytes = Buffer.from(body as string)
  return {
    header: Buffer.from(header as string),
    inline: streamed ? null : bytes,
    bodySize: bytes.length,
    open: () => Readable.from(chunks(bytes)),
  }
}

function* chunks(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}

/** Of policies that ask DNS: nothing is published unless the test says so. */
export function policyPorts(resolver: Resolver = fakeResolver({})): PolicyPorts {
  return { resolver, clock: systemClock, sources: [] }
}

/** Opens a connection as an attempt does: the policy of the target decides first. */
export async function openTarget(transport: Transport, target: Target, ports = policyPorts()): Promise<OpenResult> {
  const decision = await decideTls(target, false, ports)
  return decision.kind === 'avoid' ? avoided(target, decision) : transport.open(target, decision.requirement)
}
