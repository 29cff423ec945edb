// Counts connections and times the replies to messages, by listener: what a client waits for after the end of the data.

import type { MessageMeter } from '../reception/message-meter.ts'
import { clientTlsWord } from '../observe/tls-word.ts'
import type { GaugeSource, HistogramSource } from '../observe/metrics.ts'
import { createCounted, createTimed } from './counted-metric.ts'

export interface MeteredMessages extends MessageMeter {
  readonly metrics: readonly GaugeSource[]
  readonly histogram: HistogramSource
}

const MS = 1000
/** Seconds: a commit, checks without and with slow DNS, a virus scan, and the limits of the checks of a message. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120]

export function createMessageMeter(): MeteredMessages {
  const connections = createCounted({
    name: 'waypost_connections_total',
    help: 'Connections of SMTP clients, by listener and verdict of the checks of a connection (`rejected` is permanent, `deferred` temporary).',
    labels: ['listener', 'verdict'],
  })
  const levels = createCounted({
    name: 'waypost_messages_tls_total',
    help: 'Accepted messages, by listener and protocol of TLS.',
    labels: ['listener', 'tls'],
  })
  const replies = createTimed({
    name: 'waypost_accept_seconds',
    help: 'Time from the end of the data of a message to the reply, by listener, origin class and verdict.',
    labels: ['listener', 'origin', 'verdict'],
    buckets,
  })
  return {
    metrics: [connections.metric, levels.metric],
    histogram: replies.source,
    connected: ({ listener }, verdict) => connections.count({ listener, verdict }),
    answered: ({ listener, origin, tls }, verdict, ms) => {
      replies.add({ listener, origin: origin?.kind ?? 'internet', verdict }, ms / MS)
      if (verdict === 'accepted') levels.count({ listener, tls: clientTlsWord(tls?.version) })
    },
  }
}
