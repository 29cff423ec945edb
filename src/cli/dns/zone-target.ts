// The way to a zone that is published: the server that knows its present records, and what makes the changes, a server or a command.

import { type DnsServer, networkExchange } from '../../dns/exchange.ts'
import { createStubResolver, stubDefaults } from '../../dns/stub.ts'
import { readSystemServers } from '../../dns/system-servers.ts'
import type { FleetZone } from '../../fleet/fleet-model.ts'
import { commandClock } from '../../lib/clock.ts'
import { updateZone } from '../../published/dynamic-update.ts'
import { createServerFinder } from '../../published/find-servers.ts'
import { recordLine } from '../../published/planned-record.ts'
import type { DescribedChange } from '../../published/set-changes.ts'
import type { TsigKey } from '../../lib/tsig-key.ts'
import type { ZoneChanges } from '../../published/zone-changes.ts'
import { createCommandRunner } from '../../webhooks/hook-command.ts'

/** @param dns the resolver; null: that of the system. @returns the server, or why there is none */
export async function zoneServer({ name, target }: FleetZone, dns: DnsServer | null): Promise<DnsServer | string> {
  if (target.kind === 'update') return target.server
  if (target.server !== null) return target.server
  const settings = dns ? { ...stubDefaults, servers: [dns] } : await readSystemServers()
  const resolver = createStubResolver(settings)
  const find = createServerFinder({ resolver, recursive: settings.servers, exchange: networkExchange })
  const found = await find(name)
  if (found.kind === 'unavailable') return found.cause
  return found.servers[0] ?? 'the zone has no server'
}

/** A command for the DNS may wait for an HTTP API. */
const COMMAND_TIMEOUT_MS = 120_000

/** What went wrong, or null. */
export async function applyZone({ zone, expected, changes }: ZoneChanges, key: TsigKey | null): Promise<string | null> {
  const { target } = zone
  if (target.kind === 'command') {
    const run = createCommandRunner(commandClock)
    const body = JSON.stringify({ zone: zone.name, changes: changes.map(plainChange) })
    const command = {
      kind: 'command',
      name: zone.name,
      events: [],
      timeoutMs: COMMAND_TIMEOUT_MS,
      argv: target.argv,
    } as const
    const result = await run(command, body, new AbortController().signal)
    return result.kind === 'failed' ? result.cause : null
  }
  const server = { server: target.server, key }
  const result = await updateZone({ zone: zone.name, expected, changes }, server, { now: () => commandClock.now() })
  switch (result.kind) {
    case 'updated':
      return null
    case 'conflict':
      return `nothing was changed, because the records have changed since they were read (${result.cause}); run the command again`
    case 'refused':
      return `nothing was changed: ${result.cause}`
    case 'unavailable':
      return `it is not known whether the records were changed: ${result.cause}`
  }
}

/** A change as the command gets it, and as JSON shows it. */
export function plainChange(change: DescribedChange) {
  const { action, name, type, ttl, written } = change
  return { action, name, type, ttl, data: written, line: changeLine(change).slice(2) }
}

/** A change for people. */
export function changeLine({ action, name, type, ttl, written }: DescribedChange): string {
  const text = recordLine({ name, type, ttl, data: written, purpose: 'address' })
  return `${action === 'add' ? '+' : '-'} ${text}`
}
