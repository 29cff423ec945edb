// The pages of the playbook repair what `waypost demo --break` breaks: their commands run in the folder of the fleet and print what the
// pages show, and the demonstration finds every letter in its mailbox or back at its sender. UPDATE_EXPECTED=1 writes the outputs that
// differ into the pages, in full. PLAYBOOK=KIND,KIND runs these alone.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Break } from '../../src/demo/breaks/break.ts'
import { breakKinds } from '../../src/demo/breaks/break-kinds.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { readWalk, runBlocks, type WalkFailure, withOutput } from '../lib/page-walk.ts'
import { testedCommand } from '../lib/tested-program.ts'
import { until } from '../lib/until.ts'

const root = join(import.meta.dirname, '../..')
/** Of one kind; the machine may be busy. */
const PATIENCE_MS = 120_000
const wanted = process.env['PLAYBOOK']?.split(',')
const kinds = [...breakKinds.values()].filter(({ kind }) => wanted?.includes(kind) ?? true)

/** The page about blocked addresses repairs the block of Microsoft; the other providers need other names in its commands. */
const otherDomains = new Map([
  ['blocked-google', 'club.example.net'],
  ['blocked-t-online', 'estate.example.net'],
  ['blocked-spamhaus', 'broker.example.com'],
])

function inOtherWords(page: string, kind: string): string {
  const domain = otherDomains.get(kind)
  if (domain === undefined) return page
  return page.replaceAll('courier.example.net', domain).replaceAll('microsoft', kind.replace('blocked-', ''))
}

interface Demo {
  readonly child: ChildProcess
  readonly output: () => string
  readonly ended: Promise<number | null>
}

function startDemo(names: readonly string[]): Demo {
  const child = spawn(...testedCommand(['demo', '--break', names.join(',')]), { cwd: root })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  return { child, output: () => output, ended: once(child, 'close').then(([status]) => status as number | null) }
}

async function printed({ child, output }: Demo, text: string): Promise<void> {
  const exited = () => child.exitCode !== null
  await until(() => output().includes(text) || exited(), { what: text, timeout: PATIENCE_MS })
  if (!output().includes(text)) throw new Error(`it exited before it printed "${text}":\n${output()}`)
}

/** One fleet for as many kinds as it can have: each one begins when the one before is repaired. */
const fleets = [kinds.filter((one) => !one.isAlone), ...kinds.filter((one) => one.isAlone).map((one) => [one])].filter(
  (fleet) => fleet.length > 0,
)

describe.each(fleets)('a fleet', (...fleet) => {
  let demo: Demo
  beforeAll(() => {
    demo = startDemo(fleet.map(({ kind }) => kind))
  })
  afterAll(() => void demo.child.kill('SIGKILL'))

  it.each(fleet)('$kind: the page repairs it', { timeout: 2 * PATIENCE_MS }, async ({ kind, page }) => {
    await printed(demo, 'The files of the fleet are in')
    if (kind !== fleet[0]?.kind) writeFileSync(join(folderOf(demo), 'outside', kind), '')
    await printed(demo, `Something is broken (${kind})`)
    expect(await walk(demo, { kind, page })).toEqual([])
  })

  it('ends with 0 when all is repaired', async () => {
    await printed(demo, 'All is well.')
    demo.child.kill('SIGINT')
    expect(await demo.ended).toBe(0)
  })
})

function folderOf({ output }: Demo): string {
  return /The files of the fleet are in (\S+)\./.exec(output())?.[1] as string
}

/** Runs the commands of the page. Returns the blocks whose output is not that of the page. */
async function walk(demo: Demo, { kind, page }: Pick<Break, 'kind' | 'page'>) {
  const folder = folderOf(demo)
  const file = join(root, page)
  const text = readFileSync(file, 'utf8')
  const { repair, healthy } = readWalk(inOtherWords(text, kind))
  const failures: WalkFailure[] = await runBlocks(repair, folder)
  await printed(demo, `✔ ${kind}: repaired`)
  failures.push(...(await runBlocks(healthy, folder)))
  // The page shows the refusals of one provider.
  if (otherDomains.has(kind)) return []
  if (process.env['UPDATE_EXPECTED'] && failures.length > 0) writeFileSync(file, withOutput(text, failures))
  return failures.map(({ commands, missing, printed: lines }) => ({ commands, missing, printed: lines }))
}

it('prints the kinds, and refuses others', async () => {
  const list = await runWaypost(['demo', '--break', 'list'])
  expect(
    list.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ')[0]),
  ).toEqual([...breakKinds.keys()])
  const unknown = await runWaypost(['demo', '--break', 'everything'])
  expect(unknown).toMatchObject({ status: 2, stderr: expect.stringContaining('found --break everything') })
})
