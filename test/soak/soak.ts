// A soak: a stream of mail through an mx and an srs to mail hosts that count it, with faults all the time, and the proof that nothing was lost.

import { setTimeout as sleep } from 'node:timers/promises'
import { planFaults } from './fault-schedule.ts'
import { type Load, startLoad } from './load.ts'
import { expectedSlots, kindOf } from './mail-plan.ts'
import { metricSum } from './metric-text.ts'
import { type Proof, prove } from './proof.ts'
import { type FaultRun, startFaults } from './run-faults.ts'
import { type Sample, startSampler } from './samples.ts'
import { type Scene, type SceneSettings, setScene } from './scene.ts'

export interface SoakSettings extends SceneSettings {
  /** Messages a second, or null for as many as the nodes take. */
  readonly rate: number | null
  /** After this time no further message is begun, ms. */
  readonly limit: number
  /** Messages between two faults. */
  readonly faultsEvery: number
  /** Part of the messages during which nodes are killed. */
  readonly killsUntil: number
  readonly shortestFault: number
  readonly sampleEvery: number
  readonly say: (line: string) => void
}

export interface SoakResult extends Proof {
  /** Messages that were begun: less than planned if the time ended. */
  readonly messages: number
  /** Of the load, and until the queues were empty, s. */
  readonly seconds: number
  readonly drained: number
  readonly faults: Readonly<Record<string, number>>
  /** Faults that this user may not cause. */
  readonly skipped: readonly string[]
  /** Temporary refusals that clients got. */
  readonly deferrals: number
  readonly samples: readonly Sample[]
}

/** Only ends a soak whose queue never becomes empty, ms. */
const DRAIN_PATIENCE = 900_000
const LOOK_EVERY = 250
/**
 * Copies under way at which clients wait. The clients only see the mx, which accepts faster than both nodes deliver; without this the queue of the
 * mx would grow with the soak, and so would what must not grow.
 */
const MOST_UNDER_WAY = 2000

export async function soak(settings: SoakSettings): Promise<SoakResult> {
  const { say } = settings
  const scene = await setScene(settings)
  const { fleet, outcomes, arrivals } = scene
  const sampler = startSampler({
    nodes: [fleet.mx, fleet.srs],
    every: settings.sampleEvery,
    ended: () => outcomes.ended,
    onSample: (taken) => say(progressLine(taken, outcomes.ended, arrivals.total)),
  })
  try {
    const started = performance.now()
    const elapsed = () => (performance.now() - started) / 1000
    const { load, faults } = begin(settings, scene)
    const limit = setTimeout(() => load.stop(), settings.limit)
    await load.done
    clearTimeout(limit)
    const seconds = elapsed()
    say(`the load has ended after ${seconds.toFixed(0)} s`)
    await faults.finish()
    const stuck = await drain(scene)
    const drained = elapsed()
    await sampler.stop()
    say(`the queues are empty after ${drained.toFixed(0)} s`)
    const { samples } = sampler
    const proof = await prove({ scene, seed: settings.seed, messages: load.begun, samples, stuck })
    const caused = [...faults.done, ...scene.sinks.faults, ['client-cut', load.counts.cuts] as const]
    return {
      ...proof,
      messages: load.begun,
      seconds,
      drained,
      faults: Object.fromEntries(caused),
      skipped: [...faults.skipped],
      deferrals: load.counts.deferrals,
      samples,
    }
  } finally {
    await sampler.stop()
    await scene.close()
  }
}

/** Starts the load, and the faults that its progress causes. */
function begin(settings: SoakSettings, scene: Scene): { readonly load: Load; readonly faults: FaultRun } {
  const { seed, say } = settings
  const { outcomes, arrivals } = scene
  const planned = planFaults({
    ...settings,
    every: settings.faultsEvery,
    shortest: settings.shortestFault,
    longest: settings.longestFault,
  })
  say(`${planned.length} faults are planned`)
  const faults = startFaults(planned, { ...scene, say })
  let expected = 0
  const load = startLoad({
    ...settings,
    ...scene,
    isFull: () => expected - arrivals.firsts > MOST_UNDER_WAY,
    onEnd: (number) => {
      if (outcomes.state(number) === 'accepted') expected += expectedSlots(kindOf(seed, number)).length
      faults.advance(outcomes.ended)
    },
  })
  return { load, faults }
}

/** Waits until both queues are empty and no bounce is under way. Returns what is stuck. */
async function drain({ fleet, returns }: Scene): Promise<string[]> {
  const end = performance.now() + DRAIN_PATIENCE
  // Twice, because a message can be between the two nodes while each is asked.
  for (let quiet = 0; quiet < 2; await sleep(LOOK_EVERY)) {
    const queued = await Promise.all(
      [fleet.mx, fleet.srs].map(async (node) => metricSum(await node.metrics(), 'waypost_queue_messages')),
    )
    quiet = queued.every((count) => count === 0) && returns.waiting === 0 ? quiet + 1 : 0
    if (performance.now() > end)
      return [`the queues are not empty: mx ${queued[0]}, srs ${queued[1]}, ${returns.waiting} bounces`]
  }
  return []
}

function progressLine(taken: readonly Sample[], ended: number, arrived: number): string {
  const nodes = taken.map(
    ({ node, rssMiB, pssMiB, heapMiB, files, lagMs, queued, queueMiB, walMiB }) =>
      `${node} rss ${rssMiB.toFixed(0)} pss ${pssMiB.toFixed(0)} heap ${heapMiB.toFixed(0)} MiB, ${files} files, lag ${lagMs.toFixed(0)} ms, ${queued} queued, db ${queueMiB.toFixed(0)} + ${walMiB.toFixed(0)} MiB`,
  )
  return [`${ended} ended, ${arrived} arrived`, ...nodes].join('; ')
}
