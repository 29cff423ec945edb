// Writes docs/benchmarks.md with every row.

import type { AllResults, RelayRow } from './all-rows.ts'
import type { Figure } from './figures.ts'
import { type LiveRow, turnsOf } from './live-rows.ts'
import type { Machine } from './machine.ts'

export interface Page {
  readonly machine: Machine
  readonly command: string
  readonly date: string
}

const times = (value: number): string => `${value.toFixed(2)} ×`
const whole = (value: number): string => value.toFixed(value < 10 ? 1 : 0)
const verdict = (met: boolean | null): string => (met === null ? '' : met ? 'met' : '**missed**')

export function formatAll(page: Page, results: AllResults): string {
  const { machine } = page
  return `# Benchmarks

Written by \`${page.command}\` on ${page.date}.
Absolute numbers depend on the machine; ratios depend on it less.

Machine: ${machine.processor}, ${machine.cores} cores, ${machine.memory}, ${machine.system},
Node.js ${machine.node}. A 4 KiB append with fdatasync takes ${machine.syncMs.toFixed(2)} ms (median).
Load average before the run: ${machine.load.toFixed(1)}.

To measure the effect of a change, use \`node test/bench/compare.ts\`. It runs several checkouts in turns
under one of these loads, because the speed of a machine varies by more than most changes do.

Postfix ${results.postfixVersion} has its default settings and does not log, which helps it. Waypost is \`waypost run\`
with the role file test/bench/relay-role.yaml and the environment of deploy/waypost.service. Both reply
250 only after an fsync, and both send to the same kind of sink. Client, sink and relay share the
${machine.cores} cores.

## Relay compared with Postfix

smtp-source sends in 50 sessions (10 for 10 MB) and smtp-sink receives. The relays run in turns,
${roundsOf(results.rounds)}. With STARTTLS, a small loader and sink of the benchmark replace
them for both relays, because smtp-source and smtp-sink do not support TLS. Postfix does not reuse TLS
connections by default, so it makes a handshake for each message that it sends.

- **accepted**: messages per second until the client has its last 250. **delivered**: until the sink
  has the last message, from the same start. The ratio compares these.
- **none**: messages per second from the client directly to the sink. Client and sink use the machine
  too, so a relay without any cost would reach "none ÷ Postfix". This is the **most** that a ratio can
  be.
- **CPU**: user and system milliseconds of all processes of the relay for one message.
- **RSS**, **PSS**: peak in MiB over all processes. RSS counts shared pages once for each process, PSS
  once in total.

${relayTable(results.relay)}
${profiles(results.relay)}## Live mail with other work

The load of the main row through a node whose queue was filled before,
${turnsOf(results.rounds)} times 10 000 messages, medians. "Share" is relative to a second node with
1 000 queued messages that runs in turns with the first; it is the median of the shares of all turns.
"÷ Postfix" is relative to Postfix's main row, with an empty queue and no other work. Queued messages
are deferred and not due; rows with "due" make the node attempt them while it relays. Postfix with its
default of 100 processes cannot hold 1 000 idle sessions.

${liveTable(results.live, results.relay[0])}
${profiles(results.live)}## Other aims

Half load is half of the delivered rate of the main row, sent evenly in 50 sessions. Times count from
the moment when a message is due until its 250. In the last row, Waypost has the half load of Postfix.

${figureTable(results.figures)}`
}

function roundsOf(most: number): string {
  return most === 1 ? 'one round each' : `medians of two rounds (main row: ${Math.min(most, 3)})`
}

function relayTable(rows: readonly RelayRow[]): string {
  return table(
    [
      'load',
      'Postfix accepted',
      'delivered',
      'Waypost accepted',
      'delivered',
      'none',
      'ratio',
      'most',
      'aim',
      '',
      'CPU',
      'RSS',
      'PSS',
    ],
    rows.map(({ name, aim, messages, postfix, waypost, ceiling }) => {
      const ratio = waypost.delivered / postfix.delivered
      const rates = [postfix.accepted, postfix.delivered, waypost.accepted, waypost.delivered, ceiling].map(whole)
      const memory = [both(postfix.memory.rss, waypost.memory.rss), both(postfix.memory.pss, waypost.memory.pss)]
      const cpu = `${perMessage(postfix, messages)} : ${perMessage(waypost, messages)}`
      const most = times(ceiling / postfix.delivered)
      return [name, ...rates, times(ratio), most, `≥ ${aim} ×`, verdict(ratio >= aim), cpu, ...memory]
    }),
  )
}

function perMessage({ cpuSeconds }: RelayRow['postfix'], messages: number): string {
  return ((cpuSeconds * 1000) / messages).toFixed(2)
}

function both(postfix: number, waypost: number): string {
  return `${postfix.toFixed(0)} : ${waypost.toFixed(0)}`
}

function liveTable(rows: readonly LiveRow[], main: RelayRow | undefined): string {
  return table(
    ['queue', 'accepted', 'delivered', 'share', 'aim', '', '÷ Postfix', 'CPU', 'RSS', 'PSS'],
    rows.map(({ name, aim, messages, share, waypost }, place) => [
      name,
      whole(waypost.accepted),
      whole(waypost.delivered),
      `${(share * 100).toFixed(0)} %`,
      place === 0 ? '' : `≥ ${aim * 100} %`,
      place === 0 ? '' : verdict(share >= aim),
      main ? times(waypost.delivered / main.postfix.delivered) : '',
      perMessage(waypost, messages),
      waypost.memory.rss.toFixed(0),
      waypost.memory.pss.toFixed(0),
    ]),
  )
}

function figureTable(figures: readonly Figure[]): string {
  return table(
    ['figure', 'result', 'aim', ''],
    figures.map(({ name, found, aim, met }) => [name, found, aim, verdict(met)]),
  )
}

function profiles(rows: readonly { readonly name: string; readonly profile: string | null }[]): string {
  const missed = rows.filter(({ profile }) => profile !== null)
  if (missed.length === 0) return ''
  const lines = missed.map(({ name, profile }) => `- ${name}: ${profile}.`)
  return `Processor time of the rows that miss their aim (samples of \`--cpu-prof\`, under that load):\n\n${lines.join('\n')}\n\n`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  const rule = `|---|${'---:|'.repeat(head.length - 1)}\n`
  return line(head) + rule + rows.map(line).join('')
}
