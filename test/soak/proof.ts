// The proof of a soak: both nodes end, and what the clients, the mail hosts, the ledgers, the metrics and the samples say must agree.

import { cpuSeconds } from '../bench/process-tree.ts'
import { growing, type Growth, growthOf } from './flatness.ts'
import { type ArrivalVerdict, judgeArrivals } from './judge-arrivals.ts'
import { judgeAcceptance, type LedgerFacts, type LedgerReading, readLedger } from './judge-ledger.ts'
import { metricSum } from './metric-text.ts'
import type { Outcomes } from './outcomes.ts'
import type { Sample } from './samples.ts'
import type { Scene } from './scene.ts'
import type { SoakNode } from './soak-node.ts'

export interface Proof {
  /** One line for each promise that was broken; empty if all were kept. */
  readonly broken: readonly string[]
  readonly clients: Pick<Outcomes, 'accepted' | 'refused' | 'abandoned' | 'doubted'>
  /** Copies at all mail hosts. */
  readonly copies: number
  readonly verdict: Omit<ArrivalVerdict, 'broken'>
  readonly dmarc: Readonly<Record<string, number>>
  /** Bounces of far hosts that the mx accepted. */
  readonly returns: number
  readonly mx: LedgerFacts
  readonly srs: LedgerFacts
  readonly growth: readonly Growth[]
  /** Processor seconds of the last process of each node, and of the load with the mail hosts. */
  readonly cpu: { readonly mx: number; readonly srs: number; readonly load: number }
  /** Processes of each node. */
  readonly lives: { readonly mx: number; readonly srs: number }
}

export interface ProofQuestion {
  readonly scene: Scene
  readonly seed: number
  /** Messages that were begun. */
  readonly messages: number
  readonly samples: readonly Sample[]
  /** What did not leave the queues. */
  readonly stuck: readonly string[]
}

/** Each waits for some seconds; a node that answers none of them has a fault. */
const METRICS_QUESTIONS = 20

type Metrics = { readonly [name in 'mx' | 'srs']: string | null }

export async function prove({ scene, seed, messages, samples, stuck }: ProofQuestion): Promise<Proof> {
  const { fleet, arrivals, outcomes, returns } = scene
  const { mx, srs } = fleet
  const used = process.cpuUsage()
  const pidOf = (node: typeof mx) => node.lives.at(-1)?.pid ?? 0
  const cpu = { mx: cpuSeconds(pidOf(mx)), srs: cpuSeconds(pidOf(srs)), load: (used.user + used.system) / 1e6 }
  const metrics = { mx: await lastMetrics(mx), srs: await lastMetrics(srs) }
  await Promise.all([mx.stop(), srs.stop()])
  const ledgers = readLedgers(scene, messages, metrics)
  const { broken, ...verdict } = judgeArrivals({
    seed,
    messages,
    arrivals,
    outcomes,
    kills: { mx: mx.kills, srs: srs.kills },
    srsReceivedAt: ledgers.srs.receivedAt,
  })
  const growth = growthOf(samples)
  const { accepted, refused, abandoned, doubted } = outcomes
  return {
    broken: [
      ...stuck,
      ...mx.ends,
      ...srs.ends,
      ...returns.refused.map((one) => `the mx refused ${one}`),
      ...broken,
      ...judgeAcceptance(ledgers.mx.accepted, outcomes),
      ...ledgers.mx.broken,
      ...ledgers.srs.broken,
      ...reloadFailures(metrics),
      ...growing(growth),
    ],
    clients: { accepted, refused, abandoned, doubted },
    copies: arrivals.total,
    verdict,
    dmarc: Object.fromEntries(arrivals.dmarc),
    returns: returns.accepted,
    mx: ledgers.mx.facts,
    srs: ledgers.srs.facts,
    growth,
    cpu,
    lives: { mx: mx.lives.length, srs: srs.lives.length },
  }
}

/** A busy machine may need more than one question. */
async function lastMetrics(node: SoakNode): Promise<string | null> {
  let page: string | null = null
  for (let question = 0; page === null && question < METRICS_QUESTIONS; question++) page = await node.metrics()
  return page
}

function readLedgers({ fleet, arrivals }: Scene, messages: number, metrics: Metrics) {
  const wanted = new Set([...arrivals.repeated().values()].flat().map(({ srs }) => srs))
  const read = (name: 'mx' | 'srs'): LedgerReading => {
    const { data, lives } = fleet[name]
    return readLedger({ name, data, messages, since: lives.at(-1)?.from ?? 0, metrics: metrics[name], wanted })
  }
  return { mx: read('mx'), srs: read('srs') }
}

function reloadFailures(metrics: Metrics): string[] {
  return (['mx', 'srs'] as const)
    .filter((name) => metricSum(metrics[name], 'waypost_reload_successful') !== 1)
    .map((name) => `${name}: the last reload failed`)
}
