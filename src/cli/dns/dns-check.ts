// waypost dns check: compares the DNS with what the fleet needs, at the authoritative servers and at resolvers.

import { dirname, join } from 'node:path'
import { createDnsLists } from '../../filter/ask-lists.ts'
import { type DnsServer, networkExchange } from '../../dns/exchange.ts'
import { createStubResolver, stubDefaults, type StubSettings } from '../../dns/stub.ts'
import { readSystemServers } from '../../dns/system-servers.ts'
import { commandClock } from '../../lib/clock.ts'
import { readRegularFile } from '../../lib/read-regular-file.ts'
import { replaceFile } from '../../lib/replace-file.ts'
import type { CheckListsPorts } from '../../published/check-lists.ts'
import { checkPublished } from '../../published/check-published.ts'
import { createServerFinder } from '../../published/find-servers.ts'
import { type DatedFinding, dateFindings, formatSeen, parseSeen, sortFindings } from '../../published/findings.ts'
import { createObserver } from '../../published/observer.ts'
import { shippedLists } from '../../wiring/shipped-list-settings.ts'
import { FAILED, type Io, json, line, OK } from '../io.ts'
import { type Plan, withPlan } from './planned.ts'

export interface DnsCheck {
  readonly fleet: string
  /** Resolvers; the first one answers all other questions too. None: those of the system. */
  readonly dns: readonly DnsServer[]
  /** File with the times of findings; default: dns-check.json beside the fleet file. */
  readonly state?: string | undefined
  /** False: lists are not asked. */
  readonly lists: boolean
  readonly json?: boolean
  /** Port of authoritative servers, for tests. */
  readonly port?: number
}

/** Exit code 1 if there is an error. */
export function dnsCheck(options: DnsCheck, io: Io): Promise<number> {
  return withPlan(options.fleet, io, async (plan) => {
    const { findings, compared } = await check(plan, options)
    const dated = await withTimes(findings, options, io)
    if (options.json) json(io.stdout, { compared, findings: dated.map(described) })
    else print(dated, compared, io)
    return dated.some(({ severity }) => severity === 'error') ? FAILED : OK
  })
}

async function check(plan: Plan, options: DnsCheck) {
  const system = await readSystemServers()
  const settings: StubSettings = options.dns.length > 0 ? { ...stubDefaults, servers: options.dns } : system
  const resolver = createStubResolver(settings)
  const exchange = networkExchange
  const port = options.port === undefined ? {} : { port: options.port }
  const lists = options.lists ? await openLists(resolver) : null
  try {
    return await checkPublished(plan, {
      resolver,
      serversOf: createServerFinder({ resolver, recursive: settings.servers, exchange, ...port }),
      resolvers: settings.servers.map((server) => createObserver({ server, exchange })),
      lists,
      now: commandClock.now(),
    })
  } finally {
    lists?.close()
  }
}

/** The lists after their test (RFC 5782 5): one that fails it says nothing. */
async function openLists(
  resolver: ReturnType<typeof createStubResolver>,
): Promise<CheckListsPorts & { readonly close: () => void }> {
  const { lists, contacts, timeoutMs } = shippedLists()
  const asked = createDnsLists(lists, timeoutMs, { resolver, clock: commandClock })
  await asked.test()
  return { lists: asked, contacts, close: () => asked.close() }
}

/** A file that cannot be written loses the times only. */
async function withTimes(
  findings: Parameters<typeof dateFindings>[0],
  options: DnsCheck,
  io: Io,
): Promise<readonly DatedFinding[]> {
  const file = options.state ?? join(dirname(options.fleet), 'dns-check.json')
  const before = parseSeen(await readRegularFile(file).catch(() => ''))
  const { dated, seen } = dateFindings(findings, before, commandClock.now())
  const problem = await replaceFile(file, formatSeen(seen)).then(
    () => null,
    (error: Error) => error.message,
  )
  if (problem !== null) line(io.stderr, `${file} cannot be written, so the times of findings are lost: ${problem}`)
  return sortFindings(dated)
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
