import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { until } from '../../test/lib/until.ts'
import { systemClock as clock } from '../lib/clock.ts'
import { openLogOutput } from './log-output.ts'
import type { WriteToDescriptor } from './log-output.ts'

const here = (file: string) => JSON.stringify(new URL(file, import.meta.url).href)
const script = (count: number) => `
  const { openLogOutput } = await import(${here('./log-output.ts')})
  const { commandClock: clock } = await import(${here('../lib/clock.ts')})
  const output = openLogOutput(1, { clock })
  for (let i = 0; i < ${count}; i++) output.write(i + '\\n')
  await output.flush()`

/** A descriptor that the test controls. */
function descriptor() {
  const calls: { text: string; done: (error: NodeJS.ErrnoException | null, written: number) => void }[] = []
  const write: WriteToDescriptor = (_, bytes, done) => void calls.push({ text: bytes.toString(), done })
  return { calls, write }
}

describe('log output', () => {
  test('writes the first line at once, and collects lines in order during a write and shortly after it', async () => {
    const { calls, write } = descriptor()
    const output = openLogOutput(1, { clock, write })
    for (const line of ['a\n', 'b\n', 'c\n']) output.write(line)
    expect(calls.map((call) => call.text)).toEqual(['a\n'])
    calls[0]?.done(null, 2)
    output.write('d\n')
    expect(calls.map((call) => call.text)).toEqual(['a\n'])
    await until(() => calls.length === 2, { what: 'the collected lines' })
    expect(calls[1]?.text).toBe('b\nc\nd\n')
    calls[1]?.done(null, 6)
    output.write('e\n')
    expect(calls[2]?.text).toBe('e\n')
  })

  test('stops collecting for a flush, and when many bytes have collected', async () => {
    const { calls, write } = descriptor()
    const output = openLogOutput(1, { clock, write })
    for (const line of ['a\n', 'b\n']) output.write(line)
    calls[0]?.done(null, 2)
    const flushed = output.flush()
    expect(calls[1]?.text).toBe('b\n')
    for (const line of ['x'.repeat(70_000), 'y']) output.write(line)
    calls[1]?.done(null, 2)
    expect(calls[2]?.text).toHaveLength(70_001)
    calls[2]?.done(null, 70_001)
    await flushed
  })

  test('stops collecting as soon as many bytes have collected', () => {
    const { calls, write } = descriptor()
    const output = openLogOutput(1, { clock, write })
    for (const line of ['a\n', 'b\n']) output.write(line)
    calls[0]?.done(null, 2)
    output.write('x'.repeat(70_000))
    expect(calls[1]?.text).toHaveLength(70_002)
  })

  test('continues after a short write, a full pipe and an error', async () => {
    const { calls, write } = descriptor()
    const output = openLogOutput(1, { clock, write })
    output.write('long line\n')
    calls[0]?.done(null, 5)
    expect(calls[1]?.text).toBe('line\n')
    calls[1]?.done(Object.assign(new Error('full'), { code: 'EAGAIN' }), 0)
    await until(() => calls.length === 3, { what: 'the next attempt to write to the full pipe' })
    expect(calls[2]?.text).toBe('line\n')
    calls[2]?.done(Object.assign(new Error('closed'), { code: 'EPIPE' }), 0)
    await output.flush()
    output.write('next\n')
    expect(calls[3]?.text).toBe('next\n')
  })

  test('drops lines if the reader does not read, and logs how many', () => {
    const { calls, write } = descriptor()
    const output = openLogOutput(1, { clock, write })
    const line = `${'x'.repeat(1024 * 1024)}\n`
    for (let i = 0; i < 30; i++) output.write(line)
    calls[0]?.done(null, line.length)
    expect(calls).toHaveLength(2)
    expect(calls[1]?.text.split('\n').length).toBe(17)
    expect(calls[1]?.text).toContain('"dropped":14')
  })

  test('flush waits for the write in progress', async () => {
    const { calls, write } = descriptor()
    const output = openLogOutput(1, { clock, write })
    await output.flush()
    output.write('a\n')
    let flushed = false
    const flush = output.flush().then(() => (flushed = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(flushed).toBe(false)
    calls[0]?.done(null, 2)
    await flush
  })
})

describe('the real descriptor', () => {
  test('receives every line', () => {
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script(5000)], {
      encoding: 'utf8',
      timeout: 20_000,
    })
    expect([run.stderr, run.status]).toEqual(['', 0])
    expect(run.stdout.split('\n').slice(0, -1)).toEqual(Array.from({ length: 5000 }, (_, i) => String(i)))
  })

  test('may lose its reader without ending or blocking the process', () => {
    const command = '{ "$NODE" --input-type=module -e "$SCRIPT"; echo "status $?" >&2; } | head -n 1'
    const env = { ...process.env, NODE: process.execPath, SCRIPT: script(200_000) }
    const run = spawnSync('/bin/sh', ['-c', command], { encoding: 'utf8', env, timeout: 20_000 })
    expect([run.stdout, run.stderr]).toEqual(['0\n', 'status 0\n'])
  })
})
