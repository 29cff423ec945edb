// `npm run bench -- --all`: measures every row of docs/benchmarks.md, each with a time limit. all-report.ts explains the rows.

import { createAuthority, type Issued } from '../../src/demo/ca.ts'
import { type Figure, measureFigures, memoryFigure } from './figures.ts'
import { liveCases, measureLive, type LiveRow, turnsOf } from './live-rows.ts'
import { profiledShare } from './profile-shares.ts'
import { relayCases, type RelayCase } from './relay-cases.ts'
import { freshRound, withoutRelay } from './relays.ts'
import { medianOf, type RelayName } from './report.ts'
import type { Measurement } from './round.ts'

export interface RelayRow {
  readonly name: string
  /** Least ratio of delivered messages per second. */
  readonly aim: number
  /** Of one round. */
  readonly messages: number
  readonly postfix: Measurement
  readonly waypost: Measurement
  /** Messages per second of the same client and sink without a relay between them. */
  readonly ceiling: number
  /** Shares of processor time if the aim is missed, or null. */
  readonly profile: string | null
}

export interface AllResults {
  readonly relay: readonly RelayRow[]
  readonly live: readonly LiveRow[]
  readonly figures: readonly Figure[]
  readonly postfixVersion: string
  /** Rounds of a row at most. */
  readonly rounds: number
}

export interface Choice {
  /** Part of the names of the rows to measure; empty for all. The main row is always measured: others are compared with it. */
  readonly only: string
  /** Rounds of each relay at most; the turns of live rows follow from it. */
  readonly rounds: number
  readonly say: (line: string) => void
}

export async function measureAll({ only, rounds, say }: Choice): Promise<AllResults> {
  const wanted = ({ name }: { readonly name: string }) => name.includes(only)
  const tls = createAuthority('bench').issue({ names: ['bench.relay.example'], ips: ['127.0.0.1'] })
  const relay: RelayRow[] = []
  let postfixVersion = ''
  const heard = (version: string) => void (postfixVersion = version)
  for (const [place, one] of relayCases.entries()) {
    if (place > 0 && !wanted(one)) continue
    relay.push(await relayRow({ ...one, rounds: Math.min(one.rounds, rounds) }, { tls, say, heard }))
  }
  const main = relay[0] as RelayRow
  const live: LiveRow[] = []
  for (const one of liveCases.filter(wanted)) {
    const row = await measureLive(one, turnsOf(rounds))
    live.push(row)
    say(`${row.name}: ${row.waypost.delivered.toFixed(0)} delivered/s, RSS ${row.waypost.memory.rss.toFixed(0)} MiB`)
  }
  const figures = await measureFigures({ main, wanted, say })
  const long = live.find(({ name }) => name === '100 000 queued')
  const peak = long
    ? [memoryFigure('memory with 100 000 queued, peak over 66 000 live messages', long.waypost.memory.rss)]
    : []
  return { relay, live, figures: [...figures, ...peak], postfixVersion, rounds }
}

interface Around {
  readonly tls: Issued
  readonly say: (line: string) => void
  readonly heard: (version: string) => void
}

async function relayRow(one: RelayCase, { tls, say, heard }: Around): Promise<RelayRow> {
  const more: { readonly tls?: Issued } = one.load.starttls ? { tls } : {}
  const rounds: Record<RelayName, Measurement[]> = { postfix: [], waypost: [] }
  for (let turn = 0; turn < one.rounds; turn++) {
    for (const name of ['postfix', 'waypost'] as const) {
      const measured = await freshRound(name, one.load, more)
      if (measured.version !== undefined) heard(measured.version)
      rounds[name].push(measured)
    }
  }
  const ceiling = await withoutRelay(one.load, more.tls)
  const postfix = medianOf(rounds.postfix)
  const waypost = medianOf(rounds.waypost)
  const ratio = waypost.delivered / postfix.delivered
  const found = `${postfix.delivered.toFixed(0)} and ${waypost.delivered.toFixed(0)} delivered/s`
  say(`${one.name}: ${found}, ${ratio.toFixed(2)} ×`)
  const missed = ratio < one.aim
  const profile = missed
    ? await profiledShare(async (profiles) => void (await freshRound('waypost', one.load, { ...more, profiles })))
    : null
  return { name: one.name, aim: one.aim, messages: one.load.messages, postfix, waypost, ceiling, profile }
}
