// Carries out the schedule of faults, one after the other, and records what was done when.

import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultKind, PlannedFault } from './fault-schedule.ts'
import type { Sinks } from './sinks.ts'
import type { SoakDns } from './soak-dns.ts'
import type { SoakFleet } from './soak-fleet.ts'

export interface FaultTargets {
  readonly fleet: SoakFleet
  readonly dns: SoakDns
  readonly sinks: Sinks
  readonly say: (line: string) => void
}

export interface FaultRun {
  /** The messages that have ended for their clients: faults up to there are due. */
  advance(ended: number): void
  /** Resolves when the due faults are over; no further one begins. */
  finish(): Promise<void>
  readonly done: ReadonlyMap<FaultKind, number>
  /** Faults that this user may not cause. */
  readonly skipped: ReadonlySet<FaultKind>
}

/** A full disk is filled again at this interval, because the node frees space, ms. */
const REFILL_EVERY = 250

export function startFaults(planned: readonly PlannedFault[], targets: FaultTargets): FaultRun {
  const waiting = [...planned]
  const done = new Map<FaultKind, number>()
  const skipped = new Set<FaultKind>()
  let reached = 0
  let running: Promise<void> | null = null
  const runDue = async () => {
    for (let next = waiting[0]; next !== undefined && next.at <= reached; next = waiting[0]) {
      waiting.shift()
      const { kind, ms, at } = next
      targets.say(`fault at message ${at}: ${kind} for ${ms} ms`)
      if (await carryOut(kind, ms, targets)) done.set(kind, (done.get(kind) ?? 0) + 1)
      else skipped.add(kind)
    }
  }
  return {
    done,
    skipped,
    advance: (ended) => {
      reached = ended
      if (waiting[0] !== undefined && waiting[0].at <= reached)
        running ??= runDue().finally(() => {
          running = null
        })
    },
    finish: async () => {
      await running
      waiting.length = 0
    },
  }
}

/** False if it cannot be caused here. */
async function carryOut(kind: FaultKind, ms: number, { fleet, dns, sinks }: FaultTargets): Promise<boolean> {
  switch (kind) {
    case 'kill-mx':
    case 'kill-srs':
      await (kind === 'kill-mx' ? fleet.mx : fleet.srs).kill()
      return true
    case 'reload':
      fleet.changeRouting()
      for (const node of [fleet.mx, fleet.srs]) node.signal('SIGHUP')
      await sleep(ms)
      return true
    case 'freeze-mx':
    case 'freeze-srs': {
      const node = kind === 'freeze-mx' ? fleet.mx : fleet.srs
      node.signal('SIGSTOP')
      await sleep(ms)
      node.signal('SIGCONT')
      return true
    }
    case 'dns-dead':
      await dns.silence()
      await sleep(ms)
      await dns.heal()
      return true
    case 'dns-lies':
      dns.lie()
      await sleep(ms)
      await dns.heal()
      return true
    case 'disk-full-mx':
    case 'disk-full-srs':
      return fillDisk(kind === 'disk-full-mx' ? fleet.disks.mx : fleet.disks.srs, ms)
    case 'sinks-away':
    case 'sinks-defer':
      await sinks.setMood(kind === 'sinks-away' ? 'away' : 'defers')
      await sleep(ms)
      await sinks.setMood('good')
      return true
  }
}

async function fillDisk(disk: SoakFleet['disks']['mx'], ms: number): Promise<boolean> {
  if (disk === null) return false
  for (const end = performance.now() + ms; performance.now() < end; await sleep(REFILL_EVERY)) disk.fill()
  disk.free()
  return true
}
