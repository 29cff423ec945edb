import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSaltKey } from './scram-salt-key.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-salt-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('is made once, only for its owner, and stays', async () => {
  const file = join(folder, 'key')
  const made = await openSaltKey(file)
  expect(made).toHaveLength(32)
  expect(await openSaltKey(file)).toEqual(made)
  expect(statSync(file).mode & 0o007).toBe(0)
})

it.each(['', 'abc', 'zz'.repeat(32)])('that is damaged (%j) is not replaced in silence', async (text) => {
  const file = join(folder, 'key')
  writeFileSync(file, text)
  await expect(openSaltKey(file)).rejects.toThrow('is damaged')
})
