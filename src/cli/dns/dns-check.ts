// waypost dns check: compares the DNS with what the fleet needs, at the authoritative servers and at resolvers.

import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { createBudgets } from '../../budget/budgets.ts'
import { type DnsServer, networkExchange } from '../../dns/exchange.ts'
import type { Resolver } from '../../dns/resolver.ts'
import { createStubResolver, stubDefaults, type StubSettings } from '../../dns/stub.ts'
import { readSystemServers } from '../../dns/system-servers.ts'
import { createStrangerClient } from '../../https/ask-stranger.ts'
import { commandClock } from '../../lib/clock.ts'
import { createPolicyFetch } from '../../mta-sts/fetch-policy.ts'
import { checkFleetDns } from '../../node/fleet-dns-check.ts'
import { createShow } from '../../node/show-certificate.ts'
import type { CheckPublishedPorts } from '../../published/check-published.ts'
import { givingUp } from '../../published/observer.ts'
import type { DatedFinding } from '../../published/findings.ts'
import { FAILED, type Io, json, line, OK } from '../io.ts'
import { withPlan } from './planned.ts'

export interface DnsCheck {
  readonly fleet: string
  /** Resolvers; the first one answers all other questions too. None: those of the system. */
  readonly dns: readonly DnsServer[]
  /** File with the times of findings; default: dns-check.json beside the fleet file. */
  readonly state?: string | undefined
  /** False: lists are not asked. */
  readonly lists: boolean
  /** False: no policy is fetched, and no listener is connected to. */
  readonly connect: boolean
  readonly json?: boolean
  /** Port of authoritative servers, for tests. */
  readonly port?: number
  /** Other servers than those of the internet, for tests. */
  readonly local?: LocalServers
}

export interface LocalServers {
  readonly portOf: (port: number) => number
  readonly policyPort: number
  /** PEM of the authorities of the web server. */
  readonly ca: string
}

const HTTPS_PORT = 443

function servedBy(resolver: Resolver, { connect, local }: DnsCheck): CheckPublishedPorts['served'] {
  if (!connect) return null
  const ask = createStrangerClient(
    { ca: local?.ca ?? null, allowPrivate: local !== undefined },
    { resolver, clock: commandClock, budgets: createBudgets(commandClock) },
  )
  return {
    show: createShow({ helo: hostname(), ...(local && { portOf: local.portOf }) }, commandClock),
    fetchPolicy: createPolicyFetch(local?.policyPort ?? HTTPS_PORT, ask),
  }
}

/** Exit code 1 if there is an error. */
export function dnsCheck(options: DnsCheck, io: Io): Promise<number> {
  return withPlan(options.fleet, io, async (plan) => {
    const settings: StubSettings =
      options.dns.length > 0 ? { ...stubDefaults, servers: options.dns } : await readSystemServers()
    const exchange = givingUp(networkExchange)
    const state = options.state ?? join(dirname(options.fleet), 'dns-check.json')
    const resolver = createStubResolver(settings, exchange)
    const served = servedBy(resolver, options)
    const { findings, compared, unwritten } = await checkFleetDns(
      plan,
      { servers: settings.servers, lists: options.lists, state, port: options.port, served },
      { resolver, exchange, clock: commandClock },
    )
    if (unwritten !== null)
      line(io.stderr, `${state} cannot be written, so the times of findings are lost: ${unwritten}`)
    if (options.json) json(io.stdout, { compared, findings: findings.map(described) })
    else print(findings, compared, io)
    return findings.some(({ severity }) => severity === 'error') ? FAILED : OK
  })
}

function described({ id, severity, subject, problem, breaks, advice, since }: DatedFinding) {
  return { id, severity, subject, problem, breaks, advice, since: new Date(since).toISOString() }
}

function print(findings: readonly DatedFinding[], compared: number, io: Io): void {
  for (const { severity, subject, problem, breaks, advice, since } of findings) {
    line(io.stdout, `${severity.padEnd(8)} ${subject}: ${problem}`)
    if (breaks !== null) line(io.stdout, `         breaks: ${breaks}`)
    if (advice !== null) line(io.stdout, `         do: ${advice}`)
    line(io.stdout, `         since: ${new Date(since).toISOString()}`)
  }
  const count = (wanted: string) => findings.filter(({ severity }) => severity === wanted).length
  line(
    io.stdout,
    `${compared} sets of records compared: ${count('error')} errors, ${count('warning')} warnings, ${count('note')} notes`,
  )
}
