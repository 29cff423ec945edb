// The page docs/benchmarks.md with every row.

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

Written by \`${page.command}\` on ${page.date}; numbers of other machines differ, ratios less so.

Machine: ${machine.processor}, ${machine.cores} cores, ${machine.memory}, ${machine.system}, Node ${machine.node}. A 4 KiB append with fdatasync takes
${machine.syncMs.toFixed(2)} ms (median). Load average before the run: ${machine.load.toFixed(1)}.

\`node test/bench/compare.ts\` sets checkouts of Waypost beside each other under one of these loads, in turns: what a change gains is seen
there, as the speed of a machine wanders by more than most changes bring.

Postfix ${results.postfixVersion} has its default settings (and logs nowhere, which only helps it); Waypost is \`waypost run\` with the role file
test/bench/relay-role.yaml and the environment of deploy/waypost.service. Both answer 250 only after an fsync, both send to
the same kind of sink. Client, sink and relay share the ${machine.cores} cores.

## Relay beside Postfix

smtp-source sends in 50 sessions (10 for 10 MB), smtp-sink takes; relays take turns, ${roundsOf(results.rounds)}. With STARTTLS a small
loader and a small sink of our own take their places for both relays, because smtp-source and smtp-sink know no TLS. Postfix does not
reuse TLS connections by default, so it shakes hands for every mail that it sends.

- **accepted**: messages per second until the client had its last 250. **delivered**: until the sink had the last message, from the same start; the ratio is of these.
- **none**: the same client straight into the same sink, messages per second. Both take from the machine what they need, so a relay that costs
  nothing would be "none ÷ Postfix" times as fast as Postfix, and no relay more: that is the **most** that a ratio can be here.
- **CPU**: user and system milliseconds of all processes of the relay for one message.
- **RSS**, **PSS**: peak in MiB over all processes; RSS counts shared pages once for each process, PSS once in all.

${relayTable(results.relay)}
${profiles(results.relay)}## Live mail beside something else

The main row's load through a node whose queue was filled before, ${turnsOf(results.rounds)} times 10 000 messages, medians. "Share" is of the speed of a
second node with 1 000 queued, in turns with the first (median of the turns' shares, so that it says more than the rates of two rows
do); "÷ Postfix" is of Postfix's main row, which had an empty queue and nothing else to do. Queued mail is deferred and not due, except
where it says "due": then the node tries it while it relays. (Postfix with its default of 100 processes cannot hold 1 000 idle sessions.)

${liveTable(results.live, results.relay[0])}
${profiles(results.live)}## Other aims

Half load is half of what the relay delivered in the main row, sent evenly by our own loader in 50 sessions; times count from the moment a
message was due until its 250. Last, Waypost has Postfix's half load.

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
    ['what', 'found', 'aim', ''],
    figures.map(({ name, found, aim, met }) => [name, found, aim, verdict(met)]),
  )
}

function profiles(rows: readonly { readonly name: string; readonly profile: string | null }[]): string {
  const missed = rows.filter(({ profile }) => profile !== null)
  if (missed.length === 0) return ''
  const lines = missed.map(({ name, profile }) => `- ${name}: ${profile}.`)
  return `Where the time goes where an aim was missed (samples of \`--cpu-prof\`, under that load):\n\n${lines.join('\n')}\n\n`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  const rule = `|---|${'---:|'.repeat(head.length - 1)}\n`
  return line(head) + rule + rows.map(line).join('')
}
