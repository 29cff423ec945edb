// waypost dns publish: shows what differs in the zones of the fleet file, and changes it after a confirmation: by dynamic updates
// (RFC 2136) or by a command.

import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { formatProblem } from '../../config/problem.ts'
import { networkExchange } from '../../dns/exchange.ts'
import type { DnsServer } from '../../dns/exchange.ts'
import type { Fleet, FleetZone } from '../../fleet/fleet-model.ts'
import { formatEndpoint } from '../../lib/endpoint.ts'
import { type PlannedSet, plannedSets, recordLine } from '../../published/planned-record.ts'
import { readPresent } from '../../published/present-set.ts'
import { parseTsigKey, type TsigKey } from '../../lib/tsig-key.ts'
import { type ReadSet, type ZoneChanges, zoneChanges, zoneFor } from '../../published/zone-changes.ts'
import { FAILED, type Io, json, line, OK, USAGE } from '../io.ts'
import { withPlan } from './planned.ts'
import { applyZone, changeLine, plainChange, zoneServer } from './zone-target.ts'

export interface DnsPublish {
  readonly fleet: string
  /** Changes without a question. */
  readonly yes?: boolean
  /** Shows the difference only. */
  readonly dryRun?: boolean
  readonly json?: boolean
  /** The resolver that finds the servers of zones with a command; null: that of the system. */
  readonly dns: DnsServer | null
}

/** Exit code 1 if something differs and was not changed. */
export function dnsPublish(options: DnsPublish, io: Io): Promise<number> {
  return withPlan(options.fleet, io, async ({ fleet, records }) => {
    if (fleet.zones.length === 0) {
      line(
        io.stderr,
        `${options.fleet}: found no zones, expected zones: { ${fleet.domain}: { server, key } or { command } }`,
      )
      return USAGE
    }
    const keys = await readKeys(fleet, io)
    if (keys === null) return USAGE
    const publishing: Publishing = { fleet, sets: plannedSets(records), keys, options, io }
    const differences = await compare(publishing)
    if (options.json) json(io.stdout, { zones: differences.map(described), elsewhere: elsewhere(publishing) })
    else show(differences, publishing)
    const isUnread = differences.some(({ problems }) => problems.length > 0)
    const changing = differences.filter(({ changes }) => changes.length > 0)
    if (changing.length === 0) return isUnread ? FAILED : OK
    if (options.dryRun || !(await isConfirmed(changing, options, io))) return FAILED
    return (await apply(changing, publishing)) && !isUnread ? OK : FAILED
  })
}

interface Publishing {
  readonly fleet: Fleet
  readonly sets: readonly PlannedSet[]
  /** By zone; null: without a signature. */
  readonly keys: ReadonlyMap<FleetZone, TsigKey | null>
  readonly options: DnsPublish
  readonly io: Io
}

/** The TSIG keys; null after printing what is wrong. */
async function readKeys({ zones, source }: Fleet, io: Io): Promise<ReadonlyMap<FleetZone, TsigKey | null> | null> {
  const keys = new Map<FleetZone, TsigKey | null>()
  let isWrong = false
  for (const zone of zones) {
    const file = zone.target.kind === 'update' ? zone.target.keyFile : null
    const key = file === null ? null : await readFile(file, 'utf8').then(parseTsigKey, (error: Error) => error.message)
    if (typeof key === 'string') {
      line(io.stderr, formatProblem(source.at(['zones', zone.written, 'key'], `${file}: ${key}`)))
      isWrong = true
    } else keys.set(zone, key)
  }
  return isWrong ? null : keys
}

function compare({ fleet, sets, options }: Publishing): Promise<readonly ZoneChanges[]> {
  const found = new Map<FleetZone, Promise<DnsServer | string>>()
  const read: ReadSet = async (zone, owner) => {
    const server = await (found.get(zone) ?? remember(found, zone, zoneServer(zone, options.dns)))
    return typeof server === 'string'
      ? { kind: 'unavailable', cause: server }
      : readPresent(server, owner, networkExchange)
  }
  return zoneChanges(sets, fleet, read)
}

function remember<T>(cache: Map<FleetZone, T>, zone: FleetZone, value: T): T {
  cache.set(zone, value)
  return value
}

/** Records whose zone the fleet file does not have, such as reverse names: others publish them. */
function elsewhere({ fleet, sets }: Publishing): readonly string[] {
  return sets
    .filter(({ name }) => zoneFor(name, fleet) === null)
    .flatMap((set) => set.data.map((data) => recordLine({ ...set, data })))
}

function show(differences: readonly ZoneChanges[], publishing: Publishing): void {
  const { io } = publishing
  for (const { zone, changes, problems } of differences) {
    line(
      io.stdout,
      `zone ${zone.name} (${describeTarget(zone)}): ${changes.length === 0 ? 'nothing to change' : `${changes.length} changes`}`,
    )
    for (const change of changes) line(io.stdout, changeLine(change))
    for (const problem of problems) line(io.stderr, `${problem} (left as it is)`)
  }
  const others = elsewhere(publishing)
  if (others.length > 0)
    line(
      io.stdout,
      `${others.length} records are in zones that the fleet file does not name; \`waypost dns check\` compares them`,
    )
}

function describeTarget({ target }: FleetZone): string {
  if (target.kind === 'command') return target.argv.join(' ')
  return `${formatEndpoint(target.server)}, ${target.keyFile === null ? 'without a key' : 'with a key'}`
}

function described({ zone, changes, problems }: ZoneChanges) {
  return { zone: zone.name, changes: changes.map(plainChange), problems }
}

async function isConfirmed(changing: readonly ZoneChanges[], { yes = false }: DnsPublish, io: Io): Promise<boolean> {
  if (yes) return true
  if (!(io.stdin as { readonly isTTY?: boolean }).isTTY) {
    line(io.stderr, 'nothing was changed: standard input is no terminal; confirm with --yes')
    return false
  }
  const count = changing.reduce((sum, { changes }) => sum + changes.length, 0)
  const questions = createInterface({ input: io.stdin, output: io.stderr })
  // The end of the input is no confirmation.
  const ended = new Promise<string>((resolve) => questions.once('close', () => resolve('')))
  const answer = await Promise.race([questions.question(`Make these ${count} changes? [y/N] `), ended])
  questions.close()
  return /^y(?:es)?$/i.test(answer.trim())
}

/** One zone after the other, each as a whole. @returns true if every zone is as planned then */
async function apply(changing: readonly ZoneChanges[], publishing: Publishing): Promise<boolean> {
  const { io } = publishing
  let isDone = true
  for (const change of changing) {
    const problem = await applyZone(change, publishing.keys.get(change.zone) ?? null)
    if (problem === null) line(io.stderr, `${change.zone.name}: changed`)
    else {
      line(io.stderr, `${change.zone.name}: ${problem}`)
      isDone = false
    }
  }
  return isDone && (await isAsPlanned(publishing))
}

/** A server ignores some changes without an error, such as records beside an alias (RFC 2136 3.4.2.2). */
async function isAsPlanned(publishing: Publishing): Promise<boolean> {
  const now = await compare(publishing)
  const left = now.filter(({ changes }) => changes.length > 0)
  const unread = now.flatMap(({ problems }) => problems)
  for (const problem of unread) line(publishing.io.stderr, `it is not known whether the change is there: ${problem}`)
  for (const { zone, changes } of left) {
    const isCommand = zone.target.kind === 'command'
    line(publishing.io.stderr, `${zone.name}: the server does not have ${isCommand ? 'yet' : 'after the update'}:`)
    for (const change of changes) line(publishing.io.stderr, changeLine(change))
  }
  // A provider may need minutes after its command has ended.
  return unread.length === 0 && left.every(({ zone }) => zone.target.kind === 'command')
}
