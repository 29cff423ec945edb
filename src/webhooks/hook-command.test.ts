import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { until } from '../../test/lib/until.ts'
import type { CommandTarget } from './hook-target.ts'
import { createCommandRunner } from './hook-command.ts'

const clock = createFakeClock()
const run = createCommandRunner(clock)
const never = new AbortController().signal
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hook-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const target = (...argv: string[]): CommandTarget => ({ kind: 'command', name: 'x', events: [], timeoutMs: 1000, argv })
const script = (text: string, ...more: string[]) =>
  run(target('/bin/sh', '-c', text, 'hook', ...more), '{"a":1}', never)

describe('a webhook to a command', () => {
  it('is JSON on the standard input; arguments are no shell', async () => {
    const file = join(folder, 'got')
    expect(await script('cat > "$1"; echo "$2" >> "$1"', file, '$(id); `id`')).toEqual({ kind: 'delivered' })
    expect(readFileSync(file, 'utf8')).toBe('{"a":1}$(id); `id`\n')
  })

  it('gets nothing of the environment of the node', async () => {
    process.env['WAYPOST_SECRET'] = 'x'
    expect(await script('test -z "$WAYPOST_SECRET"')).toEqual({ kind: 'delivered' })
  })

  it('that fails says why, without what a terminal obeys', async () => {
    expect(await script("printf 'no \\033[31mroute' >&2; exit 3")).toEqual({
      kind: 'failed',
      cause: expect.stringMatching(/^the command ended with 3: no .*\[31mroute$/),
    })
    expect(JSON.stringify(await script('yes >&2 & sleep 0.1; kill $!; exit 1'))).toMatch(/^.{1,2000}$/)
    expect(await run(target('/nowhere/program'), '{}', never)).toMatchObject({
      cause: expect.stringContaining('ENOENT'),
    })
  })

  it('may leave its input unread', async () => {
    expect(await run(target('/bin/true'), 'x'.repeat(1_000_000), never)).toEqual({ kind: 'delivered' })
  })

  it('that does not end is killed with all that it has started', async () => {
    const mark = join(folder, 'started')
    const late = script('(sleep 60; touch "$1.late") & echo $! > "$1"; sleep 60', mark)
    await until(async () => existsSync(mark) && readFileSync(mark, 'utf8') !== '', { what: 'the command' })
    await clock.advance(1000)
    expect(await late).toEqual({ kind: 'failed', cause: 'the command did not end within 1 s' })
    const pid = Number(readFileSync(mark, 'utf8'))
    await until(async () => !isRunning(pid), { what: 'the end of its child' })
  })
})

/** A process that has ended and waits for its parent is none. */
function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}
