// A file that is replaced or created is whole, whatever the disk does.

import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeSmallDisk, mayMount } from '../../test/lib/small-disk.ts'
import { createFile } from './create-file.ts'
import { replaceFile } from './replace-file.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replace-file-'))
  file = join(folder, 'state.json')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it('replaces the text and leaves nothing else', async () => {
  await replaceFile(file, 'old')
  await replaceFile(file, 'new')
  expect(await readFile(file, 'utf8')).toBe('new')
  expect(await readdir(folder)).toEqual(['state.json'])
})

it.skipIf(!mayMount)('leaves the old text on a full disk, however much of the new one fits', async () => {
  const disk = makeSmallDisk(64 * 1024)
  try {
    const small = join(disk.path, 'state.json')
    const filler = join(disk.path, 'filler')
    await replaceFile(small, 'old')
    for (let pages = 0; pages < 4; pages++) {
      await writeFile(filler, Buffer.alloc((15 - pages) * 4096)).catch(() => undefined)
      await expect(replaceFile(small, 'x'.repeat(5 * 4096))).rejects.toThrow('ENOSPC')
      expect(await readFile(small, 'utf8')).toBe('old')
      expect(await readdir(disk.path)).toEqual(['filler', 'state.json'])
      await rm(filler)
    }
    await replaceFile(small, 'new')
    expect(await readFile(small, 'utf8')).toBe('new')
  } finally {
    disk.remove()
  }
})

it('removes temporary files of processes that were killed, but no one that may be in use', async () => {
  const [dead, running, other] = ['state.json.0123456789ab.new', 'state.json.ba9876543210.new', 'state.json.mine']
  for (const name of [dead, running, other]) await writeFile(join(folder, name), 'part')
  const longAgo = new Date('2020-01-01T00:00:00Z')
  for (const name of [dead, other]) await utimes(join(folder, name), longAgo, longAgo)
  await replaceFile(file, 'new')
  expect((await readdir(folder)).toSorted()).toEqual(['state.json', running, other].toSorted())
})

it('creates a file once', async () => {
  await createFile(file, 'first')
  await expect(createFile(file, 'second')).rejects.toThrow('EEXIST')
  expect(await readFile(file, 'utf8')).toBe('first')
  expect(await readdir(folder)).toEqual(['state.json'])
})
