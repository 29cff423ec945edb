// A registry with every metric that a node can have. The metrics are not read: their sources are stubs.

import { Registry } from 'prom-client'
import { createBudgets } from '../../src/budget/budgets.ts'
import { createCertificateUse } from '../../src/node/certificate-use.ts'
import { createCheckMeter } from '../../src/node/check-counts.ts'
import type { Config } from '../../src/config/config.ts'
import { createConfigurationState } from '../../src/node/configuration-state.ts'
import { createCurrentModes } from '../../src/node/current-modes.ts'
import { createMeters } from '../../src/node/meters.ts'
import { nodeGauges, nodeHistograms } from '../../src/node/observation.ts'
import type { ObservationParts } from '../../src/node/observation.ts'
import { createSignInCount } from '../../src/node/sign-in-count.ts'
import { createPasswordCount } from '../../src/node/password-count.ts'
import { createProxyCount } from '../../src/node/proxy-count.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { watchReachability } from '../../src/node/reachability-watch.ts'
import { watchDrop } from '../../src/node/drop-watch.ts'
import { watchGreylist } from '../../src/node/greylist-watch.ts'
import { watchAccounts } from '../../src/node/account-watch.ts'
import { watchAlerts } from '../../src/node/alert-watch.ts'
import { watchClock } from '../../src/node/clock-watch.ts'
import { watchWebhooks } from '../../src/node/webhook-watch.ts'
import { watchFleetDns } from '../../src/node/fleet-dns-watch.ts'
import { watchValidation } from '../../src/node/validation-watch.ts'
import { watchReports } from '../../src/node/report-watch.ts'
import type { Router } from '../../src/route/resolution.ts'
import { watchBans } from '../../src/node/ban-watch.ts'
import { watchKeys } from '../../src/node/key-watch.ts'
import { watchCertificate } from '../../src/node/certificate-watch.ts'
import { watchOauth } from '../../src/node/oauth-watch.ts'
import { watchLists } from '../../src/node/list-watch.ts'
import { createSpamWatch } from '../../src/node/spam-watch.ts'
import { createVirusWatch } from '../../src/node/virus-watch.ts'
import type { OpenQueue } from '../../src/queue/contract/opened-queue.ts'
import { watchProbe } from '../../src/node/probe-watch.ts'
import { watchPolicies } from '../../src/node/policy-watch.ts'
import { watchTlsReports } from '../../src/node/tls-report-watch.ts'
import { createFakeClock } from './fake-clock.ts'
import { directState } from './direct-state.ts'
import { fakeResolver } from './fake-resolver.ts'

export function allMetrics(): Registry {
  const clock = createFakeClock()
  const rspamd = {
    urls: ['http://127.0.0.1:11333'],
    password: null,
    timeoutMs: 1000,
    hostname: 'node.example.org',
    ownResults: true,
  }
  const log = { warn: () => undefined, info: () => undefined }
  const spam = createSpamWatch({ rspamd, whenDown: 'accept' }, { clock, log })
  const budgets = createBudgets(clock)
  const clamd = { servers: ['127.0.0.1:3310'], timeoutMs: 1000, maxSize: 1000 }
  const virus = createVirusWatch({ clamd, whenDown: 'accept' }, { clock, budgets, log })
  const certificateUse = createCertificateUse({ use: { note: () => undefined }, clock, log })
  const state = directState()
  const config = (keys: object) => ({ data: '/nowhere', ...keys }) as unknown as Config
  const asked = {
    state,
    resolver: fakeResolver({}),
    ask: async () => ({ kind: 'busy', cause: '' }) as const,
    budgets,
    clock,
    log: { ...log, error: () => undefined, bug: () => undefined },
  }
  const parts = {
    clock,
    certificateUse,
    spam,
    virus,
    dnsLists: watchLists({ lists: [], timeoutMs: 1000 }, { resolver: fakeResolver({}), clock, log }),
    greylist: watchGreylist({ data: '/nowhere', greylist: null, role: { checks: ['greylist'] } } as unknown as Config, {
      state,
      clock,
      budgets,
      log: { ...log, error: () => undefined },
    }),
    bans: watchBans({ data: '/nowhere', bans: {} } as unknown as Config, {
      state,
      clock,
      budgets,
      queue: { record: async () => undefined },
      log: { ...log, error: () => undefined },
    }),
    drop: watchDrop({ drop: { directory: '/nowhere/drop' }, limits: {} } as unknown as Config, {
      clock,
      budgets,
      log: { ...log, error: () => undefined, bug: () => undefined },
    }),
    accounts: watchAccounts(
      { data: '/nowhere', listeners: [], account_limits: null, brake: null } as unknown as Config,
      { state, clock, queue: {} as OpenQueue, log: { ...log, error: () => undefined } },
    ),
    webhooks: watchWebhooks(
      {
        data: '/nowhere',
        hostname: 'node.example.org',
        webhooks: [{ name: 'x', events: [], timeout: 1000, command: ['/bin/true'] }],
        privacy: { webhooks: { addresses: 'keep', ips: 'keep' } },
      } as unknown as Config,
      {
        state,
        clock,
        hashKey: { current: () => Buffer.alloc(0) },
        queue: { subscribe: () => undefined } as unknown as OpenQueue,
        log: { ...log, error: () => undefined },
      },
    ),
    alerts: watchAlerts(
      {
        hostname: 'node.example.org',
        alerts: { webhooks: ['x'], after: 1, clear_after: 1 },
        webhooks: [{ name: 'x', events: [], timeout: 1000, command: ['/bin/true'] }],
      } as unknown as Config,
      { clock, queue: { subscribe: () => undefined }, log: { ...log, error: () => undefined, bug: () => undefined } },
    ),
    clockWatch: watchClock({ clock, log, previous: null }),
    certificates: watchCertificate({ tls: { acme: { file: '/nowhere', http: {} } } } as unknown as Config, {
      clock,
      budgets,
      witnesses: () => ({ resolvers: [], countsInsecure: true }),
      log: { ...log, error: () => undefined, bug: () => undefined },
    }),
    keys: watchKeys(config({ tls: null }), null, {
      clock,
      log: { ...log, error: () => undefined, bug: () => undefined },
    }),
    oauth: watchOauth({ data: '/nowhere', oauth_clients: { x: {} } } as unknown as Config, {
      clock,
      log: { ...log, bug: () => undefined },
    }),
    reports: watchReports(
      { data: '/nowhere', srs: null, reports: { domains: [], send: { except: [] } } } as unknown as Config,
      {
        resolver: fakeResolver({}),
        prepare: async () => null,
        clock,
        budgets,
        queue: {} as OpenQueue,
        router: {} as Router,
        log: { ...log, error: () => undefined, bug: () => undefined },
      },
    ),
    fleetDns: watchFleetDns(
      { data: '/nowhere', dns_check: { fleet: '/nowhere/fleet.yaml', every: 1000 } } as unknown as Config,
      {
        clock,
        resolver: fakeResolver({}),
        ask: asked.ask,
        log: { ...log, bug: () => undefined },
      },
    ),
    policies: watchPolicies(config({ delivery: { mta_sts: true, policy_port: 443 } }), asked),
    tlsReports: watchTlsReports(config({ tls_reports: { exclude: [] } }), asked),
    probe: watchProbe(
      config({
        hostname: 'node.example.org',
        domain: 'example.org',
        peers: {},
        probe: { address: 'probe@example.org', secrets: [], every: 1, wait: 1, alert_after: 1, targets: [] },
      }),
      { ...asked, prepare: async () => null, queue: { subscribe: () => () => undefined } as unknown as OpenQueue },
    ),
    certificate: { value: null },
    data: { ownLists: { find: () => [], entries: [], allowsHosts: false } },
    budgets,
    proxyCount: createProxyCount(),
    passwordCount: createPasswordCount(),
    signInCount: createSignInCount(),
    modes: createCurrentModes({ tested_checks: {} }, log),
    meter: createCheckMeter(),
    meters: createMeters({ role: { role: 'mx' } } as unknown as Config, clock),
    configuration: createConfigurationState(clock),
    reachability: watchReachability(
      { roles: [], needsResolver: false },
      { clock, log: { ...log, bug: () => undefined }, probe: async () => ({ resolver: null, unreachable: new Map() }) },
    ),
    validation: watchValidation(
      { signed: 'signed.example', bogus: 'bogus.example', isRequired: false },
      { resolver: fakeResolver({}), clock, log: { ...log, bug: () => undefined } },
    ),
    sources: () => ({ mirrors: [], live: [] }),
  }
  const registry = new Registry()
  const gauges = nodeGauges({ ...parts, queue: {} } as unknown as ObservationParts, [])
  createMetrics(registry, { gauges, histograms: nodeHistograms(parts), process: false })
  return registry
}
