// Writes the section of docs/benchmarks.md about mail from the internet.

import type { Machine } from '../machine.ts'
import type { ContenderName } from './mx-contenders.ts'
import { medianOf } from '../median.ts'
import { comparisons, type MxResults, type MxRow, type MxTurn, ratioOf } from './mx-results.ts'

export interface MxPage {
  readonly machine: Machine
  readonly command: string
  readonly date: string
}

export const MX_HEADING = '## Mail from the internet'

export function formatMx({ machine, command, date }: MxPage, results: MxResults): string {
  const { rows, messages, sessions, rate, postfixVersion, profile } = results
  return `${MX_HEADING}

Written by \`${command}\` on ${date}. Load average before the run: ${machine.load.toFixed(1)}.

DKIM-signed mail of 4 KiB from 200 domains with SPF and DMARC, for 200 aliases. Every mail server
verifies it with a local DNS (unbound and nsd), resolves the alias, and sends to smtp-sink. Each domain
has a client address, which the loader names with the PROXY protocol. ${sessions} connections are open at a time,
each for ten messages. Before the measurement, delivered mail is checked: spf=pass, dkim=pass and
dmarc=pass in Authentication-Results.

Postfix ${postfixVersion} has its default settings and does not log. rspamd has the modules of Debian without those
that ask servers beyond the machine or need Redis, and two processes that scan without a proxy. Waypost
has the checks of the role mx, without TLS. The mail servers run in turns, ${turnsText(rows)} of ${messages} messages.

- **delivered**: messages per second until the next hop has the last one.
- **CPU**: user and system milliseconds of the mail server and its filters for one message, without DNS.
- **p50**, **p99**: milliseconds from the final dot to its 250 at full load. **Paced**: the same
  at ${rate.toFixed(0)} messages a second, half the rate of Postfix with rspamd, from the moment when the message is due.

${rowTable(rows)}
Ratios of the delivered messages per second, medians of the ratios in each turn:

${ratioTable(rows)}
${waitText(rows)}
${profile === null ? '' : `Processor time of Waypost alone (samples of \`--cpu-prof\`, under that load): ${profile}.\n`}`
}

function turnsText(rows: readonly MxRow[]): string {
  const count = rows[0]?.turns.length ?? 0
  return count === 1 ? 'one turn' : `${count} turns`
}

function rowTable(rows: readonly MxRow[]): string {
  const of = (row: MxRow, pick: (turn: MxTurn) => number) => medianOf(row.turns.map(pick))
  const lines = rows.map((row) => {
    const cells = [
      of(row, (turn) => turn.rate).toFixed(0),
      of(row, (turn) => turn.cpu).toFixed(2),
      of(row, (turn) => turn.reply.p50).toFixed(1),
      of(row, (turn) => turn.reply.p99).toFixed(1),
      row.paced.p50.toFixed(1),
      row.paced.p99.toFixed(1),
    ]
    return `| ${row.name} | ${cells.join(' | ')} |\n`
  })
  return `| mail server | delivered | CPU | p50 | p99 | paced p50 | paced p99 |\n|---|---:|---:|---:|---:|---:|---:|\n${lines.join('')}`
}

function ratioTable(rows: readonly MxRow[]): string {
  const lines = comparisons.flatMap((one) => {
    const ratio = ratioOf(rows, one)
    if (ratio === null) return []
    const aim = one.aim === null ? ' | ' : `≥ ${one.aim} × | ${ratio >= one.aim ? 'met' : '**missed**'}`
    return [`| ${one.ours} ÷ ${one.theirs} | ${ratio.toFixed(2)} × | ${aim} |\n`]
  })
  return `| comparison | ratio | aim |  |\n|---|---:|---:|---:|\n${lines.join('')}`
}

/** One sentence for each of ours: its tail must not be longer than that of Postfix with the same work. */
function waitText(rows: readonly MxRow[]): string {
  const p99 = (name: ContenderName) => rows.find((row) => row.name === name)?.paced.p99
  const theirs = p99('Postfix, rspamd')
  const sentences = (['Waypost', 'Waypost, rspamd'] as const).flatMap((name) => {
    const ours = p99(name)
    if (ours === undefined || theirs === undefined) return []
    return [`${name}: paced p99 not above that of Postfix with rspamd: ${ours <= theirs ? 'met' : '**missed**'}.`]
  })
  return sentences.length === 0 ? '' : `${sentences.join('\n')}\n`
}
