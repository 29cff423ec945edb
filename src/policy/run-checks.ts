// Runs the checks of one stage in order, stops at the first refusal and merges what the others found. What a check in test mode refuses is
// noted and has no effect.

import type { Clock } from '../lib/clock.ts'
import type { Current } from '../lib/current.ts'
import type { Log } from '../lib/log.ts'
import { mergeResults } from '../message/results-field.ts'
import type { Event } from '../observe/events.ts'
import type { Resolution } from '../route/resolution.ts'
import type { Origin } from '../smtp/origin.ts'
import { refusal, unforeseen } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'
import type {
  Check,
  Deadline,
  FieldEdit,
  Finding,
  Stage,
  StageFacts,
  StageHandlers,
  TransactionEnd,
  TransactionFacts,
} from './check.ts'
import type { CheckMeter } from './check-meter.ts'
import { storageRefusal } from './checks/storage.ts'
import type { Evidence } from './evidence.ts'
import { createTrial } from './test-mode.ts'
import type { TestedChecks, TestRefusal, Trial } from './test-mode.ts'
import type { Trust } from './trust.ts'
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
  /** What the checks of this stage noticed. */
  readonly evidence: readonly Evidence[]
  readonly events: readonly Event[]
  readonly tested: readonly TestRefusal[]
  /** Why the message is to be held; null to deliver it. */
  readonly quarantine: string | null
  /** What the allow list says; null without an entry. */
  readonly trust: Trust | null
  readonly times: readonly CheckTime[]
}

/** What a check took at a stage, if that is worth a note. */
export interface CheckTime {
  readonly check: string
  readonly ms: number
}

export type StageOutcome<S extends Stage> =
  | {
      readonly kind: 'refused'
      readonly reply: Refusal
      /** The name of the check that refused. */
      readonly check: string
      /** What checks in test mode would have refused before. */
      readonly tested: readonly TestRefusal[]
      /** What the check took, ms. */
      readonly ms: number
    }
  | Passed<StageFacts[S]['origin']>

export interface Checks {
  /** Runs a stage. An exception of a check is a refusal: the one for the storage error, else 451 4.3.0 and a logged bug. */
  run<S extends Stage>(stage: S, facts: StageFacts[S]): Promise<StageOutcome<S>>
  /** Reports to the checks that a transaction has ended. */
  ended(transaction: TransactionFacts, end: TransactionEnd): void
  /** Reports an error of the client to the checks. True if one of them wants its reply delayed. */
  failed(session: Session): boolean
}

const MINUTE_MS = 60_000
/** Clients wait five minutes for the reply to a command (RFC 5321 4.5.3.2), ten for the reply to the end of data (4.5.3.2.6). */
const commandDeadline: Deadline = { ms: 4 * MINUTE_MS, expired: 'defer' }
const messageDeadline: Deadline = { ms: 8 * MINUTE_MS, expired: 'defer' }
/**
 * Less is not noted. Most checks look at memory, a message passes a dozen, and a reading of the clock costs as much as such a check: only
 * checks that wait are timed.
 */
const LEAST_NOTED_MS = 1

export interface CheckPorts {
  readonly clock: Pick<Clock, 'after' | 'monotonic'>
  readonly log: Pick<Log, 'bug'>
  readonly tested: Current<TestedChecks>
  /** Null for a command. */
  readonly meter: CheckMeter | null
}

/** @param checks in the order in which every stage runs them */
export function createChecks(checks: readonly Check[], ports: CheckPorts): Checks {
  const implementing = (stage: Stage) => checks.filter((check) => check[stage] !== undefined)
  const stages: Readonly<Record<Stage, readonly Check[]>> = {
    connect: implementing('connect'),
    secured: implementing('secured'),
    helo: implementing('helo'),
    mail: implementing('mail'),
    rcpt: implementing('rcpt'),
    message: implementing('message'),
  }
  return {
    run: async (stage, facts) => {
      const outcome = await runStage(stages[stage], ports, { stage, facts })
      if (outcome.kind === 'refused') for (const one of checks) one.refused?.[stage]?.(facts, outcome.reply)
      return outcome
    },
    ended: (transaction, end) => {
      for (const one of checks) one.ended?.(transaction, end)
    },
    failed: (session) => {
      let isSlow = false
      // In test mode a check counts and delays nothing.
      for (const one of checks) if (one.failed?.(session) && !ports.tested.value.has(one.name)) isSlow = true
      return isSlow
    },
  }
}

async function runStage<S extends Stage>(
  checks: readonly Check[],
  ports: CheckPorts,
  { stage, facts }: { readonly stage: S; readonly facts: StageFacts[S] },
): Promise<StageOutcome<S>> {
  const passed = nothingFound<StageFacts[S]['origin']>(facts.origin)
  const { clock, meter } = ports
  let current = facts
  const trial = trialOf(ports, stage)
  for (const check of checks) {
    const answer = callCheck(check, ports, stage, trial ? trial.factsFor(check.name, current) : current)
    let ms = 0
    let found: Finding
    if (answer instanceof Promise) {
      const began = clock.monotonic()
      found = await answer
      ms = clock.monotonic() - began
      if (ms >= LEAST_NOTED_MS) passed.times = noteTime(passed.times, meter, { check, stage, ms })
    } else found = answer
    const finding = trial ? trial.actingPart(check.name, found) : found
    if (finding.verdict.kind !== 'accept') {
      meter?.refused({ check: check.name, stage, verdict: finding.verdict.kind, mode: 'active' })
      return { kind: 'refused', reply: finding.verdict.reply, check: check.name, tested: trial?.refusals() ?? none, ms }
    }
    if (finding.origin) {
      current = { ...current, origin: finding.origin }
      passed.origin = finding.origin
    }
    current = extended(current, finding)
    merge(passed, finding)
  }
  if (trial) passed.tested = trial.end(current)
  return passed
}

/** The facts with what a check found for those after it. */
function extended<F extends StageFacts[Stage]>(facts: F, found: Finding): F {
  const { evidence, resolution, judged, unlessAllowed, trust, authentication } = found
  if (!evidence && !resolution && !judged && !unlessAllowed && !trust && !authentication) return facts
  return {
    // The first one stays.
    ...(unlessAllowed && { unlessAllowed }),
    ...facts,
    ...(evidence && 'evidence' in facts && { evidence: [...facts.evidence, ...evidence] }),
    ...(resolution && 'resolution' in facts && { resolution }),
    ...(judged && { judged }),
    ...(trust && { trust }),
    ...(authentication && { authentication }),
  }
}

/** Null while all checks act. */
function trialOf({ tested, meter }: CheckPorts, stage: Stage): Trial | null {
  if (tested.value.size === 0) return null
  return createTrial(tested.value, (one) => meter?.refused({ ...one, stage, mode: 'test' }))
}

function noteTime(
  known: readonly CheckTime[],
  meter: CheckMeter | null,
  { check: { name: check }, stage, ms }: Call & { readonly ms: number },
): readonly CheckTime[] {
  meter?.took(check, stage, ms)
  return [...known, { check, ms }]
}

function callCheck<S extends Stage>(
  check: Check,
  ports: CheckPorts,
  stage: S,
  facts: StageFacts[S],
): Finding | Promise<Finding> {
  const handlers: StageHandlers = check
  try {
    const finding = handlers[stage]?.(facts) ?? { verdict: accept }
    return finding instanceof Promise ? withinDeadline(finding, ports, { check, stage }) : finding
  } catch (error) {
    return failed(error, ports, { check, stage })
  }
}

interface Call {
  readonly check: Check
  readonly stage: Stage
}

/** One promise and one timer for each call: this runs for every command of every client. */
function withinDeadline(finding: Promise<Finding>, ports: CheckPorts, call: Call): Promise<Finding> {
  const { ms, expired } = call.check.deadline ?? (call.stage === 'message' ? messageDeadline : commandDeadline)
  return new Promise((resolve) => {
    const timer = ports.clock.after(ms, () =>
      resolve({ verdict: expired === 'pass' ? accept : refuse(tooLate(call.check, ms)) }),
    )
    const end = (found: Finding) => {
      timer.cancel()
      resolve(found)
    }
    finding.then(end, (error: unknown) => end(failed(error, ports, call)))
  })
}

function failed(error: unknown, ports: CheckPorts, { check, stage }: Call): Finding {
  return { verdict: refuse(refusalOf(error, ports, `check ${check.name} at ${stage}`)) }
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

type Merged<O extends Origin | null> = { -readonly [K in keyof Passed<O>]: Passed<O>[K] }

const none: readonly never[] = []

function nothingFound<O extends Origin | null>(origin: O): Merged<O> {
  return {
    kind: 'passed',
    origin,
    remoteName: null,
    resolution: null,
    senderProven: provenByOrigin(origin),
    results: null,
    fields: none,
    evidence: none,
    events: none,
    tested: none,
    times: none,
    quarantine: null,
    trust: null,
  }
}

/** Adds what one check found. Single values: the last one counts. */
function merge<O extends Origin | null>(passed: Merged<O>, finding: Finding): void {
  const { remoteName, resolution, results, fields, evidence, events } = finding
  if (remoteName !== undefined) passed.remoteName = remoteName
  if (resolution !== undefined) passed.resolution = resolution
  if (finding.senderProven) passed.senderProven = true
  if (finding.quarantine !== undefined) passed.quarantine = finding.quarantine
  if (finding.trust) passed.trust = finding.trust
  if (results !== undefined) passed.results = passed.results === null ? results : mergeResults(passed.results, results)
  if (fields !== undefined) passed.fields = [...passed.fields, fields]
  if (evidence !== undefined) passed.evidence = [...passed.evidence, ...evidence]
  if (events !== undefined) passed.events = [...passed.events, ...events]
}

/** Authenticated clients and the node itself need no other proof of the sender. */
function provenByOrigin(origin: Origin | null): boolean {
  return origin?.kind === 'user' || origin?.kind === 'machine' || origin?.kind === 'local'
}
