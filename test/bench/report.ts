// The table of the benchmark, for the terminal and for docs/benchmarks.md.

import type { Machine } from './machine.ts'
import type { Load, Measurement } from './round.ts'

export type RelayName = 'postfix' | 'waypost'

/** All rounds of each relay that ran. */
export type Results = ReadonlyMap<RelayName, readonly Measurement[]>

/** Median of each number over the rounds. */
export function medianOf(rounds: readonly Measurement[]): Measurement {
  const median = (pick: (round: Measurement) => number): number => {
    const sorted = rounds.map(pick).toSorted((a, b) => a - b)
    const middle = sorted.length >> 1
    const upper = sorted[middle] ?? Number.NaN
    return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
  }
  return {
    accepted: median((round) => round.accepted),
    delivered: median((round) => round.delivered),
    cpuSeconds: median((round) => round.cpuSeconds),
    memory: { rss: median((round) => round.memory.rss), pss: median((round) => round.memory.pss) },
  }
}

/** A Markdown table: medians, the deliveries of each round, and the ratio if both relays ran. */
export function formatTable(results: Results): string {
  const rows = [...results].map(([name, rounds]) => row(name, medianOf(rounds), spread(rounds)))
  const postfix = results.get('postfix')
  const waypost = results.get('waypost')
  const ratio = postfix && waypost ? [ratioRow(medianOf(waypost), medianOf(postfix))] : []
  return [
    '| relay | accepted msg/s | delivered msg/s | rounds (delivered) | CPU s | peak RSS MiB | peak PSS MiB |',
    '|---|---:|---:|---|---:|---:|---:|',
    ...rows,
    ...ratio,
    '',
  ].join('\n')
}

function row(name: string, median: Measurement, rounds: string): string {
  const { memory } = median
  const rates = `${median.accepted.toFixed(0)} | ${median.delivered.toFixed(0)} | ${rounds}`
  return `| ${name} | ${rates} | ${median.cpuSeconds.toFixed(2)} | ${memory.rss.toFixed(0)} | ${memory.pss.toFixed(0)} |`
}

function spread(rounds: readonly Measurement[]): string {
  return rounds.map((round) => round.delivered.toFixed(0)).join(', ')
}

function ratioRow(ours: Measurement, theirs: Measurement): string {
  const of = (pick: (round: Measurement) => number) => `${(pick(ours) / pick(theirs)).toFixed(2)} ×`
  const cells = [of((r) => r.accepted), of((r) => r.delivered), '', of((r) => r.cpuSeconds)]
  cells.push(
    of((r) => r.memory.rss),
    of((r) => r.memory.pss),
  )
  return `| **waypost ÷ postfix** | ${cells.join(' | ')} |`
}

export interface Run {
  readonly machine: Machine
  readonly load: Load
  readonly postfixVersion: string
  readonly command: string
  readonly date: string
}

/** The page docs/benchmarks.md with the main row only. */
export function formatPage(run: Run, results: Results): string {
  const { machine, load } = run
  return `# Benchmarks

Written by \`${run.command}\`. Absolute numbers depend on the machine; ratios depend on it less.

## Relay

Postfix's smtp-source sends ${load.messages} messages of ${load.length} octets in ${load.sessions} sessions
over reused connections, without TLS. The relay sends all of them to Postfix's smtp-sink. Both relays
run on the same machine in alternating rounds; the table has medians. Postfix ${run.postfixVersion} has
its default settings and does not log, which helps it. Waypost is \`waypost run\` with the role file
test/bench/relay-role.yaml. Both reply 250 only after an fsync.

- **accepted**: until smtp-source has its last 250. **delivered**: until the sink has the last message,
  from the same start.
- **CPU s**: user and system seconds of all processes of the relay for one round, including ended ones.
- **peak RSS**: sum over the processes, with shared pages counted once for each; **peak PSS** counts
  them once in total.

${formatTable(results)}
Machine: ${machine.processor}, ${machine.cores} cores, ${machine.memory}, ${machine.system},
Node.js ${machine.node}. A 4 KiB append with fdatasync takes ${machine.syncMs.toFixed(2)} ms (median).
Load average before the run: ${machine.load.toFixed(1)}. ${run.date}.
`
}
