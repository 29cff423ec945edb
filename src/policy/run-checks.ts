// Runs the checks of one stage in order, stops at the first refusal and merges what the others found.

import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { mergeResults } from '../message/results-field.ts'
import type { Event } from '../observe/events.ts'
import type { Resolution } from '../route/resolution.ts'
import type { Origin } from '../smtp/origin.ts'
import { refusal, unforeseen } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { Check, Deadline, FieldEdit, Finding, Stage, StageFacts, StageHandlers } from './check.ts'
import { storageRefusal } from './checks/storage.ts'
import { accept, refuse } from './verdict.ts'

/** The merged findings of a stage whose checks all accepted. */
export interface Passed<O extends Origin | null = Origin | null> {
  readonly kind: 'passed'
  readonly origin: O
  /** Null where no check found a name. */
  readonly remoteName: string | null
  /** Null where no check resolved the recipient. */
  readonly resolution: Resolution | null
  readonly senderProven: boolean
  /** Value of the Authentication-Results field to add, or null. */
  readonly results: string | null
  readonly fields: readonly FieldEdit[]
  readonly events: readonly Event[]
}

export type StageOutcome<S extends Stage> =
  | { readonly kind: 'refused'; readonly reply: Refusal }
  | Passed<StageFacts[S]['origin']>

export interface Checks {
  /** Runs a stage. An exception of a check is a refusal: the one for the storage error, else 451 4.3.0 and a logged bug. */
  run<S extends Stage>(stage: S, facts: StageFacts[S]): Promise<StageOutcome<S>>
}

const MINUTE_MS = 60_000
/** Clients wait five minutes for the reply to a command (RFC 5321 4.5.3.2), ten for the reply to the end of data (4.5.3.2.6). */
const commandDeadline: Deadline = { ms: 4 * MINUTE_MS, expired: 'defer' }
const messageDeadline: Deadline = { ms: 8 * MINUTE_MS, expired: 'defer' }

export interface CheckPorts {
  readonly clock: Pick<Clock, 'after'>
  readonly log: Pick<Log, 'bug'>
}

/** @param checks in the order in which every stage runs them */
export function createChecks(checks: readonly Check[], ports: CheckPorts): Checks {
  return { run: (stage, facts) => runStage(checks, ports, { stage, facts }) }
}

async function runStage<S extends Stage>(
  checks: readonly Check[],
  ports: CheckPorts,
  { stage, facts }: { readonly stage: S; readonly facts: StageFacts[S] },
): Promise<StageOutcome<S>> {
  const findings: Finding[] = []
  let current = facts
  for (const check of checks) {
    const answer = callCheck(check, ports, { stage, facts: current })
    if (answer === null) continue
    const finding = answer instanceof Promise ? await answer : answer
    if (finding.verdict.kind !== 'accept') {
      const { reply } = finding.verdict
      for (const one of checks) one.refused?.[stage]?.(current, reply)
      return { kind: 'refused', reply }
    }
    if (finding.origin) current = { ...current, origin: finding.origin }
    findings.push(finding)
  }
  return merge(findings, { origin: current.origin, senderProven: provenByOrigin(facts.origin) })
}

/** Null if the check does not implement the stage. */
function callCheck<S extends Stage>(
  check: Check,
  ports: CheckPorts,
  { stage, facts }: { readonly stage: S; readonly facts: StageFacts[S] },
): Finding | Promise<Finding> | null {
  const handlers: StageHandlers = check
  const failed = (error: unknown) => ({ verdict: refuse(refusalOf(error, ports, `check ${check.name} at ${stage}`)) })
  try {
    const finding = handlers[stage]?.(facts) ?? null
    if (!(finding instanceof Promise)) return finding
    const deadline = check.deadline ?? (stage === 'message' ? messageDeadline : commandDeadline)
    return withinDeadline(finding, deadline, { check, clock: ports.clock }).catch(failed)
  } catch (error) {
    return failed(error)
  }
}

async function withinDeadline(
  finding: Promise<Finding>,
  { ms, expired }: Deadline,
  { check, clock }: Pick<CheckPorts, 'clock'> & { readonly check: Check },
): Promise<Finding> {
  const { promise: late, resolve } = Promise.withResolvers<Finding>()
  const timer = clock.after(ms, () => resolve({ verdict: expired === 'pass' ? accept : refuse(tooLate(check, ms)) }))
  try {
    return await Promise.race([finding, late])
  } finally {
    timer.cancel()
  }
}

function tooLate({ name }: Check, ms: number): Refusal {
  const cause = `check ${name} did not finish within ${ms} ms`
  return refusal(451, '4.3.0', 'A check did not finish in time, please try again later', cause)
}

function refusalOf(error: unknown, { log }: CheckPorts, context: string): Refusal {
  const storage = storageRefusal(error)
  if (storage) return storage
  log.bug(error, context)
  return unforeseen(error)
}

function merge<O extends Origin | null>(
  findings: readonly Finding[],
  start: { readonly origin: O; readonly senderProven: boolean },
): Passed<O> {
  const found = <K extends keyof Finding>(key: K) => findings.map((one) => one[key]).filter((one) => one !== undefined)
  const results = found('results')
  return {
    kind: 'passed',
    origin: start.origin,
    remoteName: found('remoteName').at(-1) ?? null,
    resolution: found('resolution').at(-1) ?? null,
    senderProven: start.senderProven || found('senderProven').includes(true),
    results: results.length === 0 ? null : results.reduce(mergeResults),
    fields: found('fields'),
    events: found('events').flat(),
  }
}

/** Authenticated clients and the node itself need no other proof of the sender. */
function provenByOrigin(origin: Origin | null): boolean {
  return origin?.kind === 'user' || origin?.kind === 'machine' || origin?.kind === 'local'
}
