import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemRandom } from '../lib/random.ts'
import { inTurn, prepareDirectory, removeFile, scanDirectory, setAside, takeFile } from './drop-directory.ts'
import { writeDrop } from './write-drop.ts'

let folder: string
let directory: string
const DAY = 86_400_000
const now = Date.now()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-drop-'))
  directory = join(folder, 'drop')
  expect(prepareDirectory(directory)).toBeNull()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const taken = async (name: string) => {
  const result = await takeFile(directory, name, 1000)
  return result.kind === 'file' ? result.octets.toString() : result.kind === 'strange' ? result.why : result.kind
}

describe('the directory', () => {
  it('is sticky, gives files its group and cannot be listed by others', () => {
    expect((statSync(directory).mode & 0o7777).toString(8)).toBe('3733')
    expect(prepareDirectory(directory)).toBeNull()
  })

  it('is not used with another mode, as a link or as a file', () => {
    chmodSync(directory, 0o777)
    expect(prepareDirectory(directory)).toContain('has mode 777, expected 3733')
    symlinkSync(directory, join(folder, 'link'))
    expect(prepareDirectory(join(folder, 'link'))).toContain('is not a directory')
    expect(prepareDirectory('/dev/null/drop')).toContain('create it: install -d')
  })
})

describe('a file', () => {
  it('that sendmail wrote is read and removed', async () => {
    const written = writeDrop(directory, Buffer.from('hello'), systemRandom)
    if (written.kind === 'failed') throw new Error(written.cause)
    const [found] = await scanDirectory(directory, now)
    expect(found).toMatchObject({ name: written.name, uid: process.getuid?.() })
    expect(statSync(join(directory, written.name)).mode & 0o777).toBe(0o640)
    expect(await taken(written.name)).toBe('hello')
    await removeFile(directory, written.name)
    expect(await taken(written.name)).toBe('gone')
    expect(await scanDirectory(directory, now)).toEqual([])
  })

  it('that is a link, has two names, is a pipe or too large is strange', async () => {
    writeFileSync(join(folder, 'secret'), 'of another user')
    symlinkSync(join(folder, 'secret'), join(directory, 'mail-1'))
    linkSync(join(folder, 'secret'), join(directory, 'mail-2'))
    execFileSync('mkfifo', [join(directory, 'mail-3')])
    mkdirSync(join(directory, 'mail-4'))
    writeFileSync(join(directory, 'mail-5'), Buffer.alloc(2 * 1024 * 1024))
    writeFileSync(join(directory, 'other'), '')
    expect(await taken('mail-1')).toContain('ELOOP')
    expect(await taken('mail-2')).toBe('it has 2 names')
    expect(await taken('mail-3')).toBe('it is no regular file')
    expect(await taken('mail-4')).toBe('it is no regular file')
    expect(await taken('mail-5')).toContain('octets')
    expect(await taken('other')).toBe('it has no name that sendmail gives')
  })

  it.runIf(process.getuid?.() === 0)('that was made elsewhere keeps its group, and is strange', async () => {
    chownSync(directory, 0, 12_345)
    chmodSync(directory, 0o3733)
    writeFileSync(join(directory, 'mail-1'), 'here')
    expect(await taken('mail-1')).toBe('here')
    chownSync(join(directory, 'mail-1'), 0, 54_321)
    expect(await taken('mail-1')).toBe('it has the group 54321, so it was made elsewhere')
  })

  it('that is unfinished is not read, and removed after a day', async () => {
    const part = join(directory, 'part-1')
    writeFileSync(part, 'x')
    expect(await scanDirectory(directory, now)).toEqual([])
    expect(existsSync(part)).toBe(true)
    utimesSync(part, new Date(now - 2 * DAY), new Date(now - 2 * DAY))
    expect(await scanDirectory(directory, now)).toEqual([])
    expect(existsSync(part)).toBe(false)
  })

  it('can be set aside', async () => {
    writeFileSync(join(directory, 'mail-1'), 'x')
    expect(await setAside(directory, 'mail-1')).toBe(join(folder, 'refused', 'mail-1'))
    expect(statSync(join(folder, 'refused')).mode & 0o777).toBe(0o700)
    expect(readdirSync(directory)).toEqual([])
  })
})

it('a writer that cannot finish leaves nothing and says why', () => {
  expect(writeDrop(join(folder, 'absent'), Buffer.from('x'), systemRandom)).toMatchObject({ kind: 'failed', code: 73 })
})

it('users take turns, each with the oldest first', () => {
  const file = (uid: number, writtenAt: number) => ({ name: `${uid}-${writtenAt}`, uid, writtenAt })
  const many = Array.from({ length: 5 }, (_unused, at) => file(1, 5 - at))
  const order = inTurn([...many, file(2, 9), file(3, 7), file(2, 8)]).map(({ name }) => name)
  expect(order.slice(0, 5).toSorted()).toEqual(['1-1', '1-2', '2-8', '2-9', '3-7'])
  expect(order.slice(5)).toEqual(['1-3', '1-4', '1-5'])
})
