// A full disk may cut off a line at any octet. Neither the next line nor the next start may lose a sender for it.

import type { FileHandle } from 'node:fs/promises'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeSmallDisk, mayMount } from '../../../test/lib/small-disk.ts'
import { openTokenFile } from './token-file.ts'

const at = Date.UTC(2026, 10, 21)
const [first, second, third] = ['1', '2', '3'].map((digit) => digit.repeat(32)) as [string, string, string]
const senderOf = (token: string) => `"torn ${token.slice(0, 4)}"@far.example`

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'token-file-'))
  path = join(folder, 'tokens')
})
afterEach(() => rm(folder, { recursive: true }))

/** A disk that takes `space` octets more. */
function smallDisk(space: number) {
  const disk = { space }
  const append = async (file: FileHandle, text: string) => {
    const fits = text.slice(0, disk.space)
    disk.space -= fits.length
    await file.appendFile(fits)
    if (fits.length < text.length) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  }
  return { disk, append }
}

const open = (append?: (file: FileHandle, text: string) => Promise<void>) =>
  openTokenFile(path, { at, maxAgeDays: 21, ...(append ? { append } : {}) })

it('keeps every confirmed sender, wherever a full disk cuts off a line', async () => {
  const lineLength = `${second} ${at} ${JSON.stringify(senderOf(second))}\n`.length
  for (let space = 0; space < lineLength; space++) {
    await rm(path, { force: true })
    const { disk, append } = smallDisk(10_000)
    const store = await open(append)
    expect(await store.keep(first, senderOf(first), at)).toBe(true)
    disk.space = space
    await expect(store.keep(second, senderOf(second), at)).rejects.toThrow('no space')
    disk.space = 10_000
    // The client gets 451 and tries again.
    for (const token of [third, second]) expect(await store.keep(token, senderOf(token), at)).toBe(true)
    await store.close()
    const again = await open()
    for (const token of [first, second, third]) expect(await again.find(token), `${space} octets`).toBe(senderOf(token))
    await again.close()
  }
})

it('finds a line that an earlier release wrote behind a torn one', async () => {
  const line = (token: string) => `${token} ${at} ${JSON.stringify(senderOf(token))}\n`
  for (let cut = 0; cut < line(first).length; cut++) {
    await writeFile(path, `${line(first).slice(0, cut)}${line(second)}`)
    const store = await open()
    expect(await store.find(second), `cut after ${cut}`).toBe(senderOf(second))
    await store.close()
  }
})

it.skipIf(!mayMount)('opens on a disk without space for a new file, and does not continue a torn line', async () => {
  const disk = makeSmallDisk(64 * 1024)
  try {
    path = join(disk.path, 'tokens')
    await writeFile(path, `${first} ${at} ${JSON.stringify(senderOf(first))}\n${second} ${at} "torn`)
    await expect(writeFile(join(disk.path, 'filler'), Buffer.alloc(64 * 1024))).rejects.toThrow('ENOSPC')
    // The page of the file has space for one more line.
    const store = await open()
    expect(await store.keep(third, senderOf(third), at)).toBe(true)
    await store.close()
    expect(await readdir(disk.path)).toEqual(['filler', 'tokens'])
    await rm(join(disk.path, 'filler'))
    const again = await open()
    expect([await again.find(first), await again.find(third)]).toEqual([senderOf(first), senderOf(third)])
    await again.close()
  } finally {
    disk.remove()
  }
})
