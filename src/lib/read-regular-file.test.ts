import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readRegularFile } from './read-regular-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-read-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('reads a file', async () => {
  writeFileSync(join(folder, 'file'), 'täxt')
  expect(await readRegularFile(join(folder, 'file'))).toBe('täxt')
})

it('follows no link, and waits for no pipe', async () => {
  writeFileSync(join(folder, 'file'), 'secret')
  symlinkSync('file', join(folder, 'link'))
  execFileSync('mkfifo', [join(folder, 'pipe')])
  await expect(readRegularFile(join(folder, 'link'))).rejects.toThrow('ELOOP')
  await expect(readRegularFile(join(folder, 'pipe'))).rejects.toThrow('is not a regular file')
  await expect(readRegularFile(folder)).rejects.toThrow('is not a regular file')
  await expect(readRegularFile(join(folder, 'missing'))).rejects.toThrow('ENOENT')
})
