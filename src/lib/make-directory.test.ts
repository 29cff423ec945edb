import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeDirectory } from './make-directory.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-make-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('creates the directory and its parents for the owner only', () => {
  const path = join(folder, 'a', 'b', 'c')
  makeDirectory(path)
  for (const one of [path, join(folder, 'a')]) expect(statSync(one).mode & 0o777).toBe(0o700)
})

it('keeps an existing directory, also behind a link', () => {
  mkdirSync(join(folder, 'a'), { mode: 0o755 })
  symlinkSync('a', join(folder, 'link'))
  makeDirectory(join(folder, 'a'))
  makeDirectory(join(folder, 'link'))
  expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o755)
})

it.skipIf(process.platform !== 'linux')('fails at once where no entry can be created', () => {
  expect(() => makeDirectory('/proc/waypost/queue')).toThrow(/ENOENT/)
})

it('fails below a file', () => {
  writeFileSync(join(folder, 'file'), '')
  expect(() => makeDirectory(join(folder, 'file', 'a'))).toThrow(/ENOTDIR/)
  expect(() => makeDirectory(join(folder, 'file'))).toThrow(/EEXIST/)
})

it('fails at a dangling link', () => {
  symlinkSync('nowhere', join(folder, 'link'))
  expect(() => makeDirectory(join(folder, 'link'))).toThrow(/EEXIST/)
})
