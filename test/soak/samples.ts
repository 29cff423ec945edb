// Reads at intervals what must not grow: memory, heap, file descriptors and the delay of the event loop of each node, and the size of its data
// folder.

import { globSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { cpuSeconds, proportionalKiB } from '../bench/process-tree.ts'
import { metricSum } from './metric-text.ts'
import type { SoakNode } from './soak-node.ts'

export interface Sample {
  readonly node: 'mx' | 'srs'
  readonly pid: number
  /** Seconds since the start of the soak, and of the process. */
  readonly at: number
  readonly age: number
  readonly rssMiB: number
  readonly pssMiB: number
  readonly files: number
  /** NaN if the node did not answer. */
  readonly heapMiB: number
  /** Median delay of the event loop since the last sample. */
  readonly lagMs: number
  /** Processor time of the process so far, s. */
  readonly cpu: number
  readonly queued: number
  readonly queueMiB: number
  readonly walMiB: number
  readonly spoolFiles: number
  /** Messages that are not open for their clients any more. */
  readonly ended: number
}

export interface Sampler {
  readonly samples: readonly Sample[]
  stop(): Promise<void>
}

export interface SamplerSettings {
  readonly nodes: readonly SoakNode[]
  readonly every: number
  readonly ended: () => number
  readonly onSample: (samples: readonly Sample[]) => void
}

const MIB = 2 ** 20

export function startSampler({ nodes, every, ended, onSample }: SamplerSettings): Sampler {
  const samples: Sample[] = []
  const start = Date.now()
  let looking: Promise<void> | null = null
  const look = async () => {
    const taken = (await Promise.all(nodes.map((node) => sampleOf(node, { start, ended: ended() })))).filter(
      (one) => one !== null,
    )
    samples.push(...taken)
    onSample(taken)
  }
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = null
    })
  }, every)
  return {
    samples,
    stop: async () => {
      clearInterval(timer)
      await looking
    },
  }
}

/** Null if the process ends before it is read. */
async function sampleOf(
  node: SoakNode,
  when: { readonly start: number; readonly ended: number },
): Promise<Sample | null> {
  const life = node.lives.at(-1)
  if (life === undefined || life.to !== null) return null
  const text = await node.metrics()
  try {
    const status = readFileSync(`/proc/${life.pid}/status`, 'latin1')
    const now = Date.now()
    return {
      node: node.name,
      pid: life.pid,
      at: (now - when.start) / 1000,
      age: (now - life.from) / 1000,
      rssMiB: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024,
      pssMiB: proportionalKiB(life.pid) / 1024,
      files: readdirSync(`/proc/${life.pid}/fd`).length,
      heapMiB: metricSum(text, 'nodejs_heap_size_used_bytes') / MIB,
      lagMs: metricSum(text, 'nodejs_eventloop_lag_p50_seconds') * 1000,
      cpu: cpuSeconds(life.pid),
      queued: metricSum(text, 'waypost_queue_messages'),
      queueMiB: sizeOf(join(node.data, 'queue/queue.db')) / MIB,
      walMiB: sizeOf(join(node.data, 'queue/queue.db-wal')) / MIB,
      spoolFiles: globSync('queue/spool/*/*', { cwd: node.data }).length,
      ended: when.ended,
    }
  } catch {
    return null
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
