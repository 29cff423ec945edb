// Counters and histograms for facts that are no events of the ledger. Their labels come from closed lists of the program or from the
// configuration, which bounds the number of their series.

import type { GaugeSource, HistogramSource } from '../observe/metrics.ts'

export interface CountedMetric<L extends string> {
  readonly metric: GaugeSource
  count(labels: Readonly<Record<L, string>>, more?: number): void
}

export function createCounted<L extends string>({
  name,
  help,
  labels,
}: {
  readonly name: string
  readonly help: string
  readonly labels: readonly L[]
}): CountedMetric<L> {
  const values = new Map<string, { readonly labels: Readonly<Record<L, string>>; value: number }>()
  return {
    metric: { name, help, labels, isCounter: true, read: () => [...values.values()] },
    count: (given, more = 1) => {
      const key = labels.map((label) => given[label]).join('\n')
      const known = values.get(key)
      if (known) known.value += more
      else values.set(key, { labels: given, value: more })
    },
  }
}

type Observe = Parameters<HistogramSource['feed']>[0]

export interface TimedMetric {
  readonly source: HistogramSource
  /** Seconds. Nothing happens before the source is fed. */
  readonly add: Observe
}

export function createTimed(facts: Omit<HistogramSource, 'feed'>): TimedMetric {
  let observe: Observe = () => undefined
  return {
    source: { ...facts, feed: (to) => void (observe = to) },
    add: (labels, value) => observe(labels, value),
  }
}
