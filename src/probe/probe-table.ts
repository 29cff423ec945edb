// What a node knows of its probes: those under way, the last results of each target, and whether a target works. It is rebuilt from the
// ledger at the start, and each list has a limit.

import { isGood, type ProbeHop, type ProbeResult } from './probe-result.ts'

/** A probe under way. */
export interface OpenProbe {
  readonly target: string
  readonly id: string
  readonly queueId: string
  /** Unix milliseconds. */
  readonly sentAt: number
  /** The first attempt's end at this node, as the ledger has it. */
  handed: ProbeHop | null
  /** What the last attempt said, if it failed. */
  lastReply: string | null
}

export interface TargetState {
  readonly name: string
  /** Null before a result that says so. */
  readonly isWorking: boolean | null
  /** Bad results in a row. */
  readonly failures: number
  /** Unix milliseconds of the last good result; null without one. */
  readonly lastGoodAt: number | null
  /** Unix milliseconds of the last sending, or of the last try. */
  readonly lastSentAt: number | null
  /** The newest first. */
  readonly results: readonly ProbeResult[]
}

export interface ProbeTable {
  /** Adds a probe; false if too many of its target are under way. */
  mayAdd(target: string): boolean
  add(probe: OpenProbe): void
  /** Notes a try to send, also one that failed. */
  tried(target: string, at: number): void
  byId(id: string): OpenProbe | null
  byQueueId(queueId: string): OpenProbe | null
  /** Those that were sent before, oldest first. */
  sentBefore(at: number): readonly OpenProbe[]
  /** A probe that was given up, and may still arrive; it is forgotten with this call. */
  takeGivenUp(id: string): OpenProbe | null
  /** Ends a probe. Returns whether its target now works, if that changed; null if not, and before the first bad result. */
  finish(result: ProbeResult): 'failing' | 'working' | null
  states(): readonly TargetState[]
  open(): readonly OpenProbe[]
}

/** Probes of one target under way: with the shortest interval and the longest wait there are 60, and an operator asks for some more. */
export const MOST_OPEN = 100
/** Results of one target that the command shows. */
export const KEPT_RESULTS = 20
/** Probes that were given up and may come back. */
const MOST_GIVEN_UP = 1000

type State = { -readonly [K in keyof TargetState]: TargetState[K] }

/** @param alertAfter bad results in a row after which a target does not work */
export function createProbeTable(names: readonly string[], alertAfter: number): ProbeTable {
  const states = new Map(names.map((name) => [name, newState(name)]))
  const open = new Map<string, OpenProbe>()
  const givenUp = new Map<string, OpenProbe>()
  return {
    mayAdd: (target) => [...open.values()].filter((one) => one.target === target).length < MOST_OPEN,
    add: (probe) => void open.set(probe.id, probe),
    tried: (target, at) => {
      const state = states.get(target)
      if (state) state.lastSentAt = Math.max(state.lastSentAt ?? 0, at)
    },
    byId: (id) => open.get(id) ?? null,
    byQueueId: (queueId) => [...open.values()].find((one) => one.queueId === queueId) ?? null,
    sentBefore: (at) => [...open.values()].filter(({ sentAt }) => sentAt < at),
    takeGivenUp: (id) => {
      const found = givenUp.get(id) ?? null
      givenUp.delete(id)
      return found
    },
    finish: (result) => {
      const probe = open.get(result.id)
      open.delete(result.id)
      if (probe && result.outcome === 'missing') {
        givenUp.set(probe.id, probe)
        const [oldest] = givenUp.keys()
        if (givenUp.size > MOST_GIVEN_UP && oldest !== undefined) givenUp.delete(oldest)
      }
      const state = states.get(result.target)
      return state ? note(state, result, alertAfter) : null
    },
    states: () => [...states.values()],
    open: () => [...open.values()],
  }
}

function newState(name: string): State {
  return { name, isWorking: null, failures: 0, lastGoodAt: null, lastSentAt: null, results: [] }
}

function note(state: State, result: ProbeResult, alertAfter: number): 'failing' | 'working' | null {
  state.results = [result, ...state.results].slice(0, KEPT_RESULTS)
  // It arrived after all, but the target did not work in time.
  if (result.outcome === 'late') return null
  const before = state.isWorking
  const good = isGood(result)
  state.failures = good ? 0 : state.failures + 1
  if (good) state.lastGoodAt = Math.max(state.lastGoodAt ?? 0, result.sentAt + (result.ms ?? 0))
  if (good) state.isWorking = true
  else if (state.failures >= alertAfter) state.isWorking = false
  if (state.isWorking === before || (state.isWorking && before === null)) return null
  return state.isWorking ? 'working' : 'failing'
}
