// Measures the time to load routing data and to resolve one address, with 1 000 and with 100 000 aliases. Prints a table.
// Run: node test/bench/resolve.ts [aliases …]

import { loadDirectory } from '../../src/directory/load-directory.ts'
import { memoryFiles } from '../../src/directory/files/memory-files.ts'
import type { Snapshot } from '../../src/directory/snapshot.ts'
import { createRouter } from '../../src/route/router.ts'
import type { Router } from '../../src/route/resolution.ts'

const ROUNDS = 20_000

/** One address in ten is a group of three, one in ten a chain, and the rest are forwards. */
function mailData(count: number): string {
  const aliases: string[] = []
  const forwards: string[] = []
  for (let index = 0; index < count; index += 1) {
    if (index % 10 === 0) aliases.push(`  group-${index}: [name-${index + 1}, name-${index + 2}, name-${index + 3}]`)
    else if (index % 10 === 9) aliases.push(`  role-${index}: group-${index - 9}`)
    else forwards.push(`  name-${index}: name-${index}@home.example.net`)
  }
  return ['mail::aliases:', ...aliases, 'mail::forwards:', ...forwards, ''].join('\n')
}

function load(count: number): { readonly snapshot: Snapshot; readonly seconds: number } {
  const files = memoryFiles({ 'mail.yaml': mailData(count) })
  const started = performance.now()
  const scope = { facts: {}, certname: 'bench.example.org' }
  const { directory, problems } = loadDirectory({ mainDomain: 'example.org', mail: ['mail.yaml'], scope }, files)
  if (!directory) throw new Error(problems[0]?.message)
  return { snapshot: directory, seconds: (performance.now() - started) / 1000 }
}

/** Microseconds for one call, the mean of many. */
async function time(rounds: number, work: (round: number) => unknown): Promise<number> {
  for (let round = 0; round < rounds / 10; round += 1) await work(round)
  const started = performance.now()
  for (let round = 0; round < rounds; round += 1) await work(round)
  return ((performance.now() - started) * 1000) / rounds
}

function ask(router: Router, address: string): Promise<unknown> {
  return router.resolve({
    forwardPath: address,
    reversePath: 'a@far.example',
    origin: { kind: 'internet' },
    at: Date.now(),
  })
}

async function measure(count: number): Promise<Record<string, string | number>> {
  const { snapshot, seconds } = load(count)
  const srs = { domain: 'srs.example.org', secrets: ['bench'], reverse: true, rewrite: true }
  const router = createRouter({ forwards: 'resolve', own: 'resolve', relayFor: [], srs }, () => snapshot)
  const nth = (round: number) => ((round * 7919) % (count / 10)) * 10
  return {
    aliases: count,
    'load s': seconds.toFixed(2),
    'look-up µs': (await time(ROUNDS * 10, (round) => snapshot.find(`name-${nth(round) + 1}@example.org`))).toFixed(2),
    'forward + SRS µs': (await time(ROUNDS, (round) => ask(router, `name-${nth(round) + 1}@example.org`))).toFixed(1),
    'chain to group of 3 µs': (
      await time(ROUNDS, (round) => ask(router, `role-${nth(round) + 9}@example.org`))
    ).toFixed(1),
    'unknown µs': (await time(ROUNDS, (round) => ask(router, `unknown-${nth(round)}@example.org`))).toFixed(1),
    'RSS MiB': Math.round(process.memoryUsage().rss / 1_048_576),
  }
}

const given = process.argv.slice(2).map(Number)
const rows: Record<string, string | number>[] = []
for (const count of given.length > 0 ? given : [1000, 100_000]) rows.push(await measure(count))
for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`)
