// Counts the questions of a node to its resolver, and times those that no kept answer ends.

import type { Resolver } from '../dns/resolver.ts'
import type { Clock } from '../lib/clock.ts'
import type { GaugeSource, HistogramSource } from '../observe/metrics.ts'
import { createCounted, createTimed } from './counted-metric.ts'

export interface DnsMeter {
  readonly metrics: readonly GaugeSource[]
  readonly histogram: HistogramSource
  /** The resolver with its questions counted. */
  asked(resolver: Resolver): Resolver
  /** The resolver behind the cache with its answers timed. */
  sent(resolver: Resolver): Resolver
}

const MS = 1000
/** Seconds: an answer from the cache of the resolver, one of the zone, and the time limits of questions and tries. */
const buckets = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20]

export function createDnsMeter(clock: Pick<Clock, 'monotonic'>): DnsMeter {
  const questions = createCounted({
    name: 'waypost_dns_questions_total',
    help: 'Questions to the DNS, by purpose and result; `unavailable` are those without an answer. Kept answers end most of them.',
    labels: ['purpose', 'result'],
  })
  const answers = createTimed({
    name: 'waypost_dns_seconds',
    help: 'Time of the questions that are sent to a name server, by result.',
    labels: ['result'],
    buckets,
  })
  return {
    metrics: [questions.metric],
    histogram: answers.source,
    asked: (resolver) => ({
      resolve: async (name, type, ask) => {
        const answer = await resolver.resolve(name, type, ask)
        questions.count({ purpose: ask?.purpose ?? 'optional', result: answer.kind })
        return answer
      },
    }),
    sent: (resolver) => ({
      resolve: async (name, type, ask) => {
        const since = clock.monotonic()
        const answer = await resolver.resolve(name, type, ask)
        answers.add({ result: answer.kind }, (clock.monotonic() - since) / MS)
        return answer
      },
    }),
  }
}
