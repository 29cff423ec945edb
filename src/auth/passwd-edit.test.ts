import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { commandClock } from '../lib/clock.ts'
import { withAppLine, withoutApps } from './app-password-edit.ts'
import { writeScram } from './derived-schemes.ts'
import { editPasswdText, rewriteAccounts, scramSaltIn, withHash } from './passwd-edit.ts'

const text = '# ours\r\nlee:old:1000::Lee,:/home::allow_nets=192.0.2.0/24,2001:db8::/32\n\nkim:old\r\n#lee:off:\n'
let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'waypost-edit-'))))
afterEach(() => rmSync(folder, { recursive: true }))

it('changes the hash of one user, and keeps every other field, line, comment and line end', () => {
  const set = (user: string) => editPasswdText(text, user, (fields) => withHash(fields, '{X}new'))
  expect(set('LEE')).toEqual({ text: text.replace('lee:old:1000', 'lee:{X}new:1000'), found: true })
  expect(set('kim')).toEqual({ text: text.replace('kim:old', 'kim:{X}new'), found: true })
  expect(set('robin')).toEqual({ text, found: false })
  expect(editPasswdText(text, 'kim', () => null).text).toBe(text.replace('kim:old\r\n', ''))
})

it('finds the salt of SCRAM keys only', () => {
  const scram = writeScram('x', 'sha256', null)
  expect(scramSaltIn(`lee:{SCRAM-SHA-256}${scram}\n`, 'lee')?.salt.toString('base64')).toBe(scram.split(',')[1])
  expect(scramSaltIn(text, 'kim')).toBeNull()
})

it('loses no change of many writers at the same time, and makes a missing file', async () => {
  const file = join(folder, 'passwd')
  const add = (name: string) => rewriteAccounts(file, commandClock, (before) => withAppLine(before, `${name}:x`))
  await Promise.all(['a', 'b', 'c', 'd'].map(add))
  expect(readFileSync(file, 'utf8').trim().split('\n').toSorted()).toEqual(['a:x', 'b:x', 'c:x', 'd:x'])
})

it('leaves the file as it is for no change and after an error', async () => {
  const file = join(folder, 'passwd')
  writeFileSync(file, text)
  await rewriteAccounts(file, commandClock, () => null)
  await expect(rewriteAccounts(file, commandClock, () => Promise.reject(new Error('no hash')))).rejects.toThrow()
  expect(readFileSync(file, 'utf8')).toBe(text)
})

it('adds and removes lines of app passwords', () => {
  expect(withAppLine('a', 'b')).toBe('a\nb\n')
  expect(withoutApps('# x\na:1\nb:2\na:3\n', [{ line: 'a:1' }, { line: 'a:3' }])).toBe('# x\nb:2\n')
})
