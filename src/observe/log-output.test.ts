import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { until } from '../../test/lib/until.ts'
import { systemClock as clock } from '../lib/clock.ts'
import { openLogOutput } from './log-output.ts'
import type { LostLines, WriteToDescriptor } from './log-output.ts'

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
    expect(calls[3]?.text).toBe('\nnext\n')
  })

  test('drops lines if the reader does not read, and reports how many', () => {
    const { calls, write } = descriptor()
    const onLoss = ({ count, error }: LostLines) => output.write(`"dropped":${count} ${error}\n`)
    const output = openLogOutput(1, { clock, write, onLoss })
    const line = `${'x'.repeat(1024 * 1024)}\n`
    for (let i = 0; i < 30; i++) output.write(line)
    calls[0]?.done(null, line.length)
    expect(calls).toHaveLength(2)
    expect(calls[1]?.text.split('\n').length).toBe(17)
    expect(calls[1]?.text).toContain('"dropped":14 null\n')
  })

  // A disk that is full after some octets, and has space again afterwards.
  test.each(Array.from('first\nsecond\n').keys().toArray())(
    'a line torn after %i octets by a full disk does not swallow the next one',
    (space) => {
      let file = ''
      let left = space
      const write: WriteToDescriptor = (_, bytes, done) => {
        const count = Math.min(left, bytes.length)
        if (count === 0) return done(Object.assign(new Error('no space'), { code: 'ENOSPC' }), 0)
        file += bytes.toString('latin1', 0, count)
        left -= count
        done(null, count)
      }
      const lost: LostLines[] = []
      const output = openLogOutput(1, { clock: createFakeClock(), write, onLoss: (one) => void lost.push(one) })
      output.write('first\nsecond\n')
      left = 1_000
      output.write('third\n')
      const whole = file.split('\n').filter((line) => ['first', 'second', 'third'].includes(line))
      expect(whole.at(-1)).toBe('third')
      expect(file.endsWith('third\n')).toBe(true)
      const missing = 3 - whole.length
      expect(lost).toEqual(missing === 0 ? [] : [{ count: missing, error: 'no space' }])
    },
  )

  test('begins a new line in a file in which an earlier process left a torn one', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'waypost-log-')), 'log')
    const written = async (begin: string) => {
      writeFileSync(file, begin)
      const fd = openSync(file, 'a')
      const output = openLogOutput(fd, { clock })
      output.write('a\n')
      await output.flush()
      closeSync(fd)
      return readFileSync(file, 'utf8')
    }
    expect(await written('torn')).toBe('torn\na\n')
    expect(await written('whole\n')).toBe('whole\na\n')
    expect(await written('')).toBe('a\n')
    rmSync(dirname(file), { recursive: true })
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
