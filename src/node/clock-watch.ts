// Whether the clock of the host can be trusted: it is compared with the monotonic clock, and with the times of the last run. Signatures,
// certificates, retries and SRS addresses depend on it. No server is asked: a wrong answer must not be able to stop a node.

import type { Clock } from '../lib/clock.ts'
import { formatDuration } from '../lib/duration.ts'
import type { Log } from '../lib/log.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import type { GaugeSource } from '../observe/metrics.ts'
import type { LastRun } from './last-run.ts'

export interface ClockWatch {
  readonly health: HealthCheck
  readonly metrics: readonly GaugeSource[]
  close(): void
}

export interface ClockPorts {
  readonly clock: Pick<Clock, 'now' | 'monotonic' | 'every'>
  readonly log: Pick<Log, 'warn'>
  /** The run before this one; null without one. */
  readonly previous: Pick<LastRun, 'startedAt' | 'stoppedAt'> | null
}

/** A jump is seen within this time. */
const LOOK_MS = 10_000
/** Time servers slew by 83 ms a second at most (chrony), and a leap second is one second: what is larger was set, or the host was suspended. */
const JUMP_MS = 2_000
/** So long a jump is shown: an operator has to see it, and what was signed or delayed by it is over then. */
const SHOWN_MS = 3_600_000

interface Jump {
  /** Forward is positive, ms. */
  readonly ms: number
  /** Monotonic. */
  readonly seenAt: number
  /** Unix ms, by the clock after it. */
  readonly at: number
}

export function watchClock({ clock, log, previous }: ClockPorts): ClockWatch {
  const ahead = () => clock.now() - clock.monotonic()
  let last = ahead()
  let jump: Jump | null = null
  const look = () => {
    const present = ahead()
    const ms = present - last
    // Slow changes are a time server at work.
    last = present
    if (Math.abs(ms) < JUMP_MS) return
    jump = { ms, seenAt: clock.monotonic(), at: clock.now() }
    log.warn(
      { jumpMs: Math.round(ms) },
      'the clock of the host jumped; times in the log before this line are by another clock',
    )
  }
  const shown = (): Jump | null => {
    look()
    return jump && clock.monotonic() - jump.seenAt < SHOWN_MS ? jump : null
  }
  const before = previous === null ? null : Math.max(previous.startedAt, previous.stoppedAt ?? 0)
  const timer = clock.every(LOOK_MS, look)
  return {
    health: {
      name: 'clock',
      check: () => healthOf({ jump: shown(), behindMs: before === null ? 0 : before - clock.now() }),
    },
    metrics: [
      {
        name: 'waypost_clock_jump_seconds',
        help: 'How far the clock of the host jumped against the monotonic clock, the last time within an hour; negative is backward, 0 is no jump.',
        labels: [],
        read: () => [{ labels: {}, value: (shown()?.ms ?? 0) / 1000 }],
      },
    ],
    close: () => timer.cancel(),
  }
}

function healthOf({ jump, behindMs }: { readonly jump: Jump | null; readonly behindMs: number }): Health {
  if (behindMs >= JUMP_MS)
    return {
      kind: 'degraded',
      reason: `the clock of the host is ${text(behindMs)} behind the last run of this node: it was set back, or was wrong then`,
    }
  if (jump === null) return { kind: 'ok' }
  const direction = jump.ms > 0 ? 'forward' : 'back'
  const cause = jump.ms > 0 ? 'it was set, or the host was suspended' : 'it was set'
  return {
    kind: 'degraded',
    reason: `the clock of the host jumped ${text(Math.abs(jump.ms))} ${direction} at ${new Date(jump.at).toISOString()}: ${cause}`,
  }
}

function text(ms: number): string {
  return formatDuration(Math.round(ms / 1000) * 1000)
}
