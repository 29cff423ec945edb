// A full disk, or the end of the process, during `dkim keygen` and `rotate`: the node can still start, and no key signs too early.

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeSmallDisk, mayMount, type SmallDisk } from '../../test/lib/small-disk.ts'
import { generateKey, loadKeys } from './key-store.ts'

const wanted = {
  domain: 'example.org',
  selector: 's1',
  algorithm: 'ed25519-sha256',
  stage: 'generated',
  now: 0,
} as const
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waypost-keys-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it.skipIf(!mayMount)('leaves nothing of a key that the disk has no space for, however little is missing', async () => {
  const disk: SmallDisk = makeSmallDisk(64 * 1024)
  try {
    const directory = join(disk.path, 'keys')
    // Each step leaves one page more: the directories, the stage, the key.
    for (let pages = 0; pages < 4; pages++) {
      await rm(directory, { recursive: true, force: true })
      const filler = join(disk.path, 'filler')
      await writeFile(filler, Buffer.alloc((16 - pages) * 4096)).catch(() => undefined)
      const result = await generateKey(directory, wanted)
      const { keys, problems } = await loadKeys(directory)
      if (result.kind === 'generated') expect(keys).toMatchObject([{ selector: 's1', stage: 'generated' }])
      else expect(keys).toEqual([])
      expect(problems.filter((one) => !one.includes('cannot be read, expected a directory'))).toEqual([])
      await rm(filler)
      if (result.kind === 'refused') expect(await generateKey(directory, wanted)).toMatchObject({ kind: 'generated' })
    }
  } finally {
    disk.remove()
  }
})

it('ignores what a process that ended left, and can make the same key', async () => {
  const domain = join(folder, 'example.org')
  await generateKey(folder, { ...wanted, selector: 'other' })
  await writeFile(join(domain, 's1.json'), '{"stage":"generated","since":"2026-11-21T00:00:00.000Z"}\n')
  await writeFile(join(domain, 's1.pem.0123456789ab.new'), '-----BEGIN PRIV')
  expect(await loadKeys(folder)).toMatchObject({ keys: [{ selector: 'other' }], problems: [] })
  expect(await generateKey(folder, wanted)).toMatchObject({ kind: 'generated' })
  expect((await loadKeys(folder)).keys.map(({ selector }) => selector)).toEqual(['other', 's1'])
})

it('never changes key or stage of a selector that exists', async () => {
  await generateKey(folder, { ...wanted, stage: 'active' })
  const before = await loadKeys(folder)
  expect(await generateKey(folder, wanted)).toMatchObject({
    kind: 'refused',
    problem: expect.stringContaining('exists'),
  })
  expect((await loadKeys(folder)).keys[0]?.stage).toBe('active')
  expect(before.keys).toHaveLength(1)
  expect(await readdir(join(folder, 'example.org'))).toEqual(['s1.json', 's1.pem'])
})
