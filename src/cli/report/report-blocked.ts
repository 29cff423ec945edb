// waypost report blocked: the providers that refuse this node because of its reputation, whom to ask, and the request to send there.

import { createBudgets } from '../../budget/budgets.ts'
import type { Config } from '../../config/config.ts'
import { loadShippedReplyRules } from '../../config/reply-rules-file.ts'
import { confirmedName } from '../../dns/fcrdns.ts'
import { openResolver } from '../../dns/open-resolver.ts'
import type { Resolver } from '../../dns/resolver.ts'
import { commandClock } from '../../lib/clock.ts'
import { counted } from '../../lib/counted.ts'
import { canonicalAddress } from '../../lib/ip-address.ts'
import { time } from '../../observe/describe-event.ts'
import { openQueueReader } from '../../queue/sqlite/direct-access.ts'
import { resolverSettings } from '../../wiring/node-settings.ts'
import { FAILED, type Io, json, line, OK } from '../io.ts'
import { withQueueDirectory } from '../queue/with-queue.ts'
import { BlockedIncidents, type Incident } from './blocked-incidents.ts'
import { type RequestFacts, requestText } from './removal-request.ts'
import { removalRequests } from './removal-requests.ts'

export interface BlockedOptions {
  readonly config: string
  /** Unix ms. */
  readonly since: number
  readonly until: number
  readonly provider: string | undefined
  /** False: the request has no DNS records. */
  readonly dns: boolean
  readonly json?: boolean
}

const DAY_MS = 86_400_000

export function reportBlocked(options: BlockedOptions, io: Io): Promise<number> | number {
  return withQueueDirectory(options.config, io, async (directory, config) => {
    const incidents = await readIncidents(directory, config, options)
    if (options.provider === undefined) return printList(incidents, options, io)
    const incident = incidents.find(({ name }) => name === options.provider)
    if (incident) return printRequest(incident, { config, options }, io)
    const names = incidents.map(({ name }) => name).join(', ')
    line(io.stderr, `${options.provider} does not refuse this node in that time${names ? `; found: ${names}` : ''}`)
    return FAILED
  })
}

async function readIncidents(directory: string, config: Config, { since, until }: BlockedOptions): Promise<Incident[]> {
  const incidents = new BlockedIncidents([...config.delivery.replies, ...loadShippedReplyRules()])
  const reader = openQueueReader(directory, commandClock)
  try {
    const kinds = ['delivered', 'deferred', 'failed', 'expired'] as const
    for await (const events of reader.ledger({ since, until, kinds })) for (const event of events) incidents.add(event)
  } finally {
    reader.close()
  }
  return incidents.all()
}

function printList(incidents: readonly Incident[], { since, until, json: asJson }: BlockedOptions, io: Io): number {
  const contact = ({ rule }: Incident) => rule?.contact ?? null
  if (asJson)
    json(
      io.stdout,
      incidents.map((one) => ({ ...one, rule: one.rule?.name ?? null, contact: contact(one) })),
    )
  else if (incidents.length === 0)
    line(io.stderr, `no provider refused this node as blocked from ${time(since)} before ${time(until)}`)
  else
    for (const one of incidents) {
      const first = `since ${time(one.firstAt)}, ${counted(one.refusals, 'refusal')}, the last ${time(one.lastAt)}`
      line(io.stdout, `${one.name}  ${first}; ${counted(one.accepted, 'recipient')} accepted`)
      line(io.stdout, `  ${one.reply}`)
      if (one.rule?.advice) line(io.stdout, `  ${one.rule.advice}`)
      line(io.stdout, `  ask: ${contact(one) ?? 'the postmaster of the provider'}`)
    }
  return incidents.length > 0 ? OK : FAILED
}

interface Asked {
  readonly config: Config
  readonly options: BlockedOptions
}

/** The request goes to stdout, for a file or a form; what the operator needs to know goes to stderr. */
async function printRequest(incident: Incident, { config, options }: Asked, io: Io): Promise<number> {
  const address = sendingAddress(incident, config)
  const ehlo = config.delivery.helo.ipv4 ?? config.hostname
  const facts: RequestFacts = {
    ...incident,
    address,
    ehlo,
    domain: config.domain,
    postmaster: `postmaster@${config.domain}`,
    dns: options.dns ? await dnsState(address, config) : [],
    period: counted(Math.max(1, Math.round((options.until - options.since) / DAY_MS)), 'day'),
  }
  if (options.json) {
    json(io.stdout, {
      ...facts,
      provider: incident.name,
      contact: incident.rule?.contact ?? null,
      rule: incident.rule?.name,
    })
    return OK
  }
  line(io.stderr, `ask: ${incident.rule?.contact ?? 'the postmaster of the provider'}`)
  const needs = removalRequests[incident.rule?.name ?? '']?.needs
  if (needs !== undefined) line(io.stderr, needs)
  for (const text of requestText(facts)) line(io.stdout, text)
  return OK
}

/** Most replies name the address that they refuse. */
function sendingAddress({ reply }: Incident, { delivery }: Config): string {
  const words = reply.split(/[\s[\]()=,;"']+|\.(?=\s|$)/)
  const named = words.find((word) => /[.:]/.test(word) && canonicalAddress(word) !== null)
  return named ?? delivery.source.ipv4 ?? delivery.source.ipv6 ?? '(the address of this node)'
}

/** What providers look at: the name of the address, SPF of the envelopes, DMARC of the authors. */
async function dnsState(address: string, config: Config): Promise<string[]> {
  const resolver = await openResolver(resolverSettings(config), {
    clock: commandClock,
    budgets: createBudgets(commandClock),
  })
  const domains = [...new Set([config.domain, ...(config.srs ? [config.srs.domain] : [])])]
  const name = await confirmedName(address, { resolver, clock: commandClock })
  const records = domains.map(async (domain) => [
    `SPF: ${domain}: ${await record(resolver, domain, 'v=spf1')}`,
    `DMARC: ${domain}: ${await record(resolver, `_dmarc.${domain}`, 'v=DMARC1')}`,
  ])
  const reverse = {
    name: name.kind === 'name' ? `${name.name}, which leads back to the address` : '',
    none: 'none, or a name that does not lead back',
    unavailable: 'the DNS does not answer',
  }[name.kind]
  return [`Reverse DNS: ${reverse}`, ...(await Promise.all(records)).flat()]
}

async function record(resolver: Resolver, name: string, start: string): Promise<string> {
  const answer = await resolver.resolve(name, 'TXT')
  if (answer.kind === 'unavailable') return 'the DNS does not answer'
  if (answer.kind === 'absent') return 'none'
  return answer.records.map((chunks) => chunks.join('')).find((text) => text.startsWith(start)) ?? 'none'
}
