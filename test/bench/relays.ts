// Starts both relays in the same way: one next hop for all mail, STARTTLS on both sides if a certificate is given, otherwise defaults.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Issued } from '../../src/demo/ca.ts'
import { startPostfix } from '../lib/peers/postfix.ts'
import { startSmtpSink } from '../lib/peers/smtp-sink.ts'
import type { RelayName } from './report.ts'
import { type Load, type Measurement, measureRound, type Relay, send } from './round.ts'
import { startTlsSink } from './tls-sink.ts'
import { startWaypostRelay } from './waypost-relay.ts'

export interface RelaySpec {
  readonly sinkPort: number
  readonly sessions: number
  readonly tls?: Issued
  /** For Waypost only: the folder for processor profiles. */
  readonly profiles?: string
}

export function startRelay(name: RelayName, spec: RelaySpec): Promise<Relay> {
  return name === 'postfix' ? startPostfixRelay(spec) : startWaypostRelay(spec)
}

async function startPostfixRelay(spec: RelaySpec): Promise<Relay> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-bench-tls-'))
  const postfix = await startPostfix({
    relayhost: `[127.0.0.1]:${spec.sinkPort}`,
    log: false,
    ...(spec.tls ? { main: postfixTls(folder, spec.tls) } : {}),
  })
  const stop = async () => {
    await postfix.stop()
    rmSync(folder, { recursive: true })
  }
  return { port: postfix.port, pid: postfix.pid, version: postfix.run('postconf', '-h', 'mail_version').trim(), stop }
}

function postfixTls(folder: string, tls: Issued): Record<string, string> {
  const certificate = join(folder, 'tls.pem')
  const key = join(folder, 'tls.key')
  writeFileSync(certificate, tls.certificate)
  writeFileSync(key, tls.key, { mode: 0o600 })
  return {
    smtpd_tls_security_level: 'may',
    smtpd_tls_cert_file: certificate,
    smtpd_tls_key_file: key,
    smtp_tls_security_level: 'may',
  }
}

/** Messages per second from the client directly to the sink: the limit for a relay without any cost. */
export async function withoutRelay(load: Load, tls: Issued | undefined): Promise<number> {
  const sink = await (tls ? startTlsSink(tls) : startSmtpSink())
  try {
    const { delivered } = await send(sink, sink, load)
    return load.messages / delivered
  } finally {
    await sink.stop()
  }
}

/** One round with a new relay and a new sink, so that rounds are independent. */
export async function freshRound(
  name: RelayName,
  load: Load,
  more: Pick<RelaySpec, 'tls' | 'profiles'> = {},
): Promise<Measurement & { readonly version?: string }> {
  const sink = await (more.tls ? startTlsSink(more.tls) : startSmtpSink())
  try {
    const relay = await startRelay(name, { sinkPort: sink.port, sessions: load.sessions, ...more })
    try {
      const measured = await measureRound(relay, sink, load)
      return relay.version === undefined ? measured : { ...measured, version: relay.version }
    } finally {
      await relay.stop()
    }
  } finally {
    await sink.stop()
  }
}
