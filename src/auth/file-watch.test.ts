import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { watchFile } from './file-watch.ts'
import { loadPasswdFile, type PasswdFile } from './passwd-file.ts'

const HASH = '{SSHA}H/zrDv8FXUu1JmwvVYijfrYEF34jVZcO'

async function watched(text: string) {
  const file = join(mkdtempSync(join(tmpdir(), 'waypost-watch-')), 'passwd')
  writeFileSync(file, text)
  const clock = createFakeClock()
  const reports: [names: string, used: boolean][] = []
  const load = () => loadPasswdFile(file)
  const watch = await watchFile<PasswdFile>({
    file,
    first: await load(),
    load,
    isGood: (version) => version.problems.length === 0,
    report: (version, used) => void reports.push([[...version.entries.keys()].join(), used]),
    clock,
    everyMs: 1000,
  })
  const names = () => [...watch.current().entries.keys()].join()
  return { file, clock, reports, watch, names }
}

describe('watchFile', () => {
  it('takes a new version up by itself', async () => {
    const { file, clock, names, watch, reports } = await watched(`lee:${HASH}\n`)
    writeFileSync(`${file}.new`, `lee:${HASH}\nkim:${HASH}\n`)
    renameSync(`${file}.new`, file)
    await clock.advance(1000)
    await vi.waitFor(() => expect(names()).toBe('lee,kim'))
    expect(reports).toEqual([['lee,kim', true]])
    watch.close()
  })

  it('keeps the last good version when the new one has problems or is gone, and reports once', async () => {
    const { file, names, watch, reports } = await watched(`lee:${HASH}\n`)
    writeFileSync(file, `kim:${HASH}\nlee:{SSHA}broken\n`)
    expect(await watch.refresh()).toBe(false)
    expect(await watch.refresh()).toBe(false)
    expect(names()).toBe('lee')
    rmSync(file)
    expect(await watch.refresh()).toBe(false)
    expect(names()).toBe('lee')
    expect(reports).toEqual([
      ['kim', false],
      ['', false],
    ])
    writeFileSync(file, `kim:${HASH}\n`)
    expect(await watch.refresh()).toBe(true)
    expect(names()).toBe('kim')
    watch.close()
  })

  it('reads nothing while nothing changes', async () => {
    const { watch, reports, clock } = await watched(`lee:${HASH}\n`)
    await clock.advance(10_000)
    expect(reports).toEqual([])
    watch.close()
    expect(clock.sleeping).toBeLessThanOrEqual(1)
  })
})
