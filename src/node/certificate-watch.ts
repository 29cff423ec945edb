// The certificate that a running node gets by itself: its keeper, its health, and what commands ask of it.

import { X509Certificate } from 'node:crypto'
import type { Budgets } from '../budget/budgets.ts'
import {
  type CertificateKeeper,
  type KeeperAnswer,
  type KeeperPorts,
  startKeeper,
} from '../certificates/certificate-keeper.ts'
import type { Challenger } from '../certificates/challenge.ts'
import { createDnsChallenge } from '../certificates/dns-challenge.ts'
import { createHttpChallenge } from '../certificates/http-challenge.ts'
import { createZoneChallenge } from '../certificates/zone-challenge.ts'
import type { Config } from '../config/config.ts'
import type { AcmeConfig } from '../config/sections/tls-acme.ts'
import { openStub } from '../dns/open-resolver.ts'
import type { Resolver } from '../dns/resolver.ts'
import { createNetwork } from '../dns/stub.ts'
import { readSystemServers } from '../dns/system-servers.ts'
import { parseTsigKey } from '../lib/tsig-key.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import { keeperSettings } from '../wiring/acme-settings.ts'
import { resolverSettings } from '../wiring/node-settings.ts'
import { createZoneWriter } from './acme-zone-writer.ts'
import { type CertificateUsers, useCertificate } from './use-certificate.ts'

export interface CertificateWatch {
  readonly health: HealthCheck
  readonly metrics: readonly GaugeSource[]
  /** Begins to keep the certificate, once its users run. */
  start(users: CertificateUsers): Promise<void>
  renew(): Promise<KeeperAnswer>
  /** `now`: without a look at the DNS. */
  rotate(now: boolean): Promise<KeeperAnswer>
  close(): void
}

export interface CertificateWatchPorts extends Pick<KeeperPorts, 'clock' | 'log' | 'witnesses'> {
  readonly budgets: Pick<Budgets, 'pool'>
}

/** Null without `tls.acme`. */
export function watchCertificate(
  config: Config,
  { budgets, ...ports }: CertificateWatchPorts,
): CertificateWatch | null {
  const settings = keeperSettings(config)
  const acme = config.tls?.acme
  if (!settings || !acme) return null
  let keeper: CertificateKeeper | null = null
  const challenger = challengerOf(config, acme, { budgets, ...ports })
  const ask = (question: (from: CertificateKeeper) => Promise<KeeperAnswer>): Promise<KeeperAnswer> =>
    keeper ? question(keeper) : Promise.resolve({ kind: 'failed', text: 'the node has not finished its start' })
  return {
    health: { name: 'acme', check: () => healthOf(keeper) },
    metrics: metricsOf(() => keeper),
    start: async (users) => {
      const install: KeeperPorts['install'] = (pair) => {
        const { value } = users.certificate
        const expiresAt = Date.parse(new X509Certificate(pair.certificate).validTo)
        return value && useCertificate({ ...value, ...pair, expiresAt }, users)
      }
      keeper = await startKeeper(settings, { ...ports, challenger, install, random: Math.random })
    },
    renew: () => ask((from) => from.renew()),
    rotate: (now) => ask((from) => from.rotate(now)),
    close: () => {
      keeper?.close()
      void challenger.hide()
    },
  }
}

function challengerOf(config: Config, acme: AcmeConfig, { budgets, clock, log }: CertificateWatchPorts): Challenger {
  const { challenge, http, dns_hook: command, dns_update: update, dns_timeout: timeoutMs } = acme
  if (challenge === 'http-01') return createHttpChallenge(http, budgets.pool('challengeConnections'))
  if (!update) return createDnsChallenge({ command, timeoutMs }, clock)
  // Each question gets a new answer, of the first resolver that has one.
  const resolver: Resolver = {
    resolve: async (name, type, ask) => (await openStub(resolverSettings(config))).resolve(name, type, ask),
  }
  const recursive = async () => config.dns.servers ?? (await readSystemServers()).servers
  const { server, zone, keyText } = update
  const read = keyText === null ? null : parseTsigKey(keyText)
  // The configuration has refused a text without a key.
  const key = typeof read === 'string' ? null : read
  const writer = createZoneWriter(
    { server, zone, key, timeoutMs },
    { resolver, recursive, exchange: createNetwork(), clock },
  )
  return createZoneChallenge(writer, log)
}

function healthOf(keeper: CertificateKeeper | null): Health {
  const problem = keeper?.state().problem ?? null
  return problem === null ? { kind: 'ok' } : { kind: 'degraded', reason: `no new certificate: ${problem}` }
}

function metricsOf(keeper: () => CertificateKeeper | null): readonly GaugeSource[] {
  return [
    {
      name: 'waypost_certificate_renewal_timestamp_seconds',
      help: 'Unix time at which the node renews its certificate (`tls.acme`); none before it is known.',
      labels: [],
      read: () => {
        const renewal = keeper()?.state().renewal ?? null
        return renewal === null ? [] : [{ labels: {}, value: renewal.at / 1000 }]
      },
    },
    {
      name: 'waypost_certificate_renewal_failures',
      help: 'Failed attempts to get a certificate since the last success (`tls.acme`).',
      labels: [],
      read: () => [{ labels: {}, value: keeper()?.state().failures ?? 0 }],
    },
  ]
}
