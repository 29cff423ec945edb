import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeOnce } from './tested-executable.ts'

let file: string
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-once-'))
  file = join(folder, 'file')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('makes a file once', async () => {
  let made = 0
  const make = () => writeFileSync(file, `made ${++made}`)
  await Promise.all([makeOnce(file, make), makeOnce(file, make)])
  await makeOnce(file, make)
  expect(readFileSync(file, 'utf8')).toBe('made 1')
  expect(existsSync(`${file}.lock`)).toBe(false)
})

it('waits for the process that makes it', async () => {
  writeFileSync(`${file}.lock`, `${process.pid}`)
  const waiting = makeOnce(file, () => {
    throw new Error('made twice')
  })
  writeFileSync(file, 'made by the other')
  await waiting
})

it('does not wait for a process that was killed', async () => {
  const { pid } = spawnSync('true')
  writeFileSync(`${file}.lock`, `${pid}`)
  await makeOnce(file, () => writeFileSync(file, 'made'))
  expect(readFileSync(file, 'utf8')).toBe('made')
})

it('leaves no lock if the file cannot be made', async () => {
  const fails = makeOnce(file, () => {
    throw new Error('no space')
  })
  await expect(fails).rejects.toThrow('no space')
  expect(existsSync(`${file}.lock`)).toBe(false)
})
