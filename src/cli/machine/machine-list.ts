// waypost machine list: which machines were here, and with which key; which never came or have expired; which unknown certificates came.

import { openLastUses } from '../../auth/last-uses.ts'
import type { LastUses, LastUse } from '../../auth/last-uses.ts'
import type { Machine } from '../../auth/machines.ts'
import { fingerprintMark } from '../../node/machine-use.ts'
import { writeTime } from '../../auth/app-password-line.ts'
import { machineUsePath } from '../../wiring/node-paths.ts'
import { json, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { withData } from '../with-config.ts'
import { type UnknownCertificate, unknownCertificates } from './unknown-certificates.ts'

export interface MachineListOptions {
  readonly config: string
  readonly json?: boolean
  /** Unix milliseconds, as `now`. */
  readonly since: number
  readonly now: number
}

type State = 'in use' | 'never seen' | 'unused' | 'expired' | 'expires soon'

interface MachineRow {
  readonly name: string
  readonly state: State
  readonly lastUsed: string | null
  readonly lastUsedFrom: string | null
  /** Fingerprints of its list, and those of them that were used. */
  readonly fingerprints: number
  readonly used: readonly string[]
  /** The last day. */
  readonly expires: string | null
}

const DAY_MS = 86_400_000
/** A machine that sends at all sends in this time: reports of cron come each month. */
const UNUSED_MS = 90 * DAY_MS
const SOON_MS = 30 * DAY_MS

export function machineList(options: MachineListOptions, io: Io): Promise<number> | number {
  const { now, since } = options
  return withData(options.config, io, async (config, { machines }) => {
    if (!machines) {
      line(io.stderr, 'the configuration has no `machines`')
      return USAGE
    }
    const use = await openLastUses(machineUsePath(config), { now: () => now })
    const rows = machines.list.map((one) => rowOf(one, use, now))
    const unknown = await unknownCertificates(config, { since, until: now })
    if (options.json) json(io.stdout, { machines: rows, unknown })
    else for (const text of linesOf(rows, unknown, since)) line(io.stdout, text)
    return OK
  })
}

function rowOf(machine: Machine, use: Pick<LastUses, 'last'>, now: number): MachineRow {
  const prints = [...new Set([...machine.keys, ...machine.certificates])]
  const uses = prints.flatMap((print) => {
    const last = use.last(machine.name, { label: fingerprintMark(print), created: 0 })
    return last ? [{ print, last }] : []
  })
  const newest = uses.map(({ last }) => last).toSorted((a, b) => b.at - a.at)[0] ?? null
  return {
    name: machine.name,
    state: stateOf(machine, newest, now),
    lastUsed: newest && writeTime(newest.at),
    lastUsedFrom: newest?.ip ?? null,
    fingerprints: prints.length,
    used: uses.map(({ print }) => `sha256:${print}`),
    expires: machine.expires === null ? null : new Date(machine.expires - DAY_MS).toISOString().slice(0, 10),
  }
}

function stateOf({ expires }: Machine, last: LastUse | null, now: number): State {
  if (expires !== null && now >= expires) return 'expired'
  if (last === null) return 'never seen'
  if (expires !== null && now >= expires - SOON_MS) return 'expires soon'
  return now - last.at > UNUSED_MS ? 'unused' : 'in use'
}

function linesOf(rows: readonly MachineRow[], unknown: readonly UnknownCertificate[], since: number): string[] {
  const width = Math.max(0, ...rows.map(({ name }) => name.length))
  return [
    ...rows.map((row) => `${row.name.padEnd(width)}  ${describe(row)}`),
    ...(rows.length === 0 ? ['no machines'] : []),
    ...(unknown.length === 0 ? [] : ['', `unknown certificates since ${writeTime(since)}:`]),
    ...unknown.map(
      ({ what, count, last, client }) => `  ${what}, ${count} times, last ${writeTime(last)} from ${client}`,
    ),
  ]
}

function describe({ state, lastUsed, lastUsedFrom, fingerprints, used, expires }: MachineRow): string {
  const idle = fingerprints - used.length
  return [
    state,
    ...(lastUsed === null ? [] : [`last ${lastUsed} from ${lastUsedFrom}`]),
    ...(lastUsed !== null && idle > 0 ? [`${idle} of ${fingerprints} fingerprints not used`] : []),
    ...(expires === null ? [] : [`${state === 'expired' ? 'last day was' : 'last day'} ${expires}`]),
  ].join(', ')
}
