import { mkdtempSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readRecord } from './generated-record.ts'
import { createFileWriter, type PlannedFile } from './write-files.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-write-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = (text: string, rule: PlannedFile['rule'] = 'generated'): PlannedFile => ({
  path: 'a/node.yaml',
  text,
  rule,
})
const at = () => join(folder, 'a/node.yaml')

/** One run; without `end`, it is killed before its end. */
async function run(planned: PlannedFile, { isDry = false, end = true } = {}) {
  const read = readRecord(folder)
  const record = read.kind === 'ok' ? read.record : { runner: 'systemd' as const, person: null, files: {} }
  const writer = createFileWriter({ folder, record, isDry })
  const [result] = await writer.write([planned])
  if (end) await writer.finish()
  return result
}

test('a new file is for its owner only, and so is its folder', async () => {
  expect(await run(file('one\n'))).toMatchObject({ kind: 'created' })
  expect(readFileSync(at(), 'utf8')).toBe('one\n')
  expect(statSync(at()).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700)
})

test('a generated file is written again when its text changes', async () => {
  await run(file('one\n'))
  expect(await run(file('one\n'))).toMatchObject({ kind: 'unchanged' })
  expect(await run(file('two\n'))).toMatchObject({ kind: 'updated' })
  expect(readFileSync(at(), 'utf8')).toBe('two\n')
})

describe('a generated file that was changed by hand', () => {
  beforeEach(async () => {
    await run(file('one\n'))
    writeFileSync(at(), 'one\nmine\n')
  })

  test('stays, without a difference while setup has no other text', async () => {
    expect(await run(file('one\n'))).toEqual({ path: 'a/node.yaml', kind: 'kept', diff: [] })
  })

  test('stays, and every run shows what setup would write, until the operator decides', async () => {
    const differs = { path: 'a/node.yaml', kind: 'differs', diff: ['- one', '- mine', '+ two'] }
    expect(await run(file('two\n'))).toEqual(differs)
    expect(await run(file('two\n'))).toEqual(differs)
    expect(readFileSync(at(), 'utf8')).toBe('one\nmine\n')
    unlinkSync(at())
    expect(await run(file('two\n'))).toMatchObject({ kind: 'created' })
  })

  test('also without the record', async () => {
    unlinkSync(join(folder, '.waypost-setup.json'))
    expect(await run(file('one\n'))).toMatchObject({ kind: 'differs' })
  })
})

test('a file of the operator is made once; a change that the operator asks for is made', async () => {
  expect(await run(file('one\n', 'once'))).toMatchObject({ kind: 'created' })
  expect(await run(file('two\n', 'once'))).toMatchObject({ kind: 'unchanged' })
  expect(readFileSync(at(), 'utf8')).toBe('one\n')
  expect(await run(file('two\n', 'edit'))).toMatchObject({ kind: 'updated' })
  expect(readFileSync(at(), 'utf8')).toBe('two\n')
})

test('a run that is killed after a file leaves none that the next one takes for a change by hand', async () => {
  await run(file('one\n'))
  await run(file('two\n'), { end: false })
  expect(await run(file('three\n'))).toMatchObject({ kind: 'updated' })
  await run(file('four\n'), { end: false })
  writeFileSync(at(), 'three\n')
  expect(await run(file('five\n'))).toMatchObject({ kind: 'updated' })
})

test('a dry run writes nothing and sees its own files', async () => {
  const record = { runner: 'systemd', person: null, files: {} } as const
  const writer = createFileWriter({ folder, record, isDry: true })
  expect(await writer.write([file('one\n')])).toMatchObject([{ kind: 'created' }])
  await writer.finish()
  expect(writer.read('a/node.yaml')).toBe('one\n')
  expect(() => statSync(at())).toThrow('ENOENT')
  expect(readRecord(folder).kind).toBe('missing')
})

test('a damaged record is an error that names it', () => {
  for (const text of ['{', '{"version":2}', '[]']) {
    writeFileSync(join(folder, '.waypost-setup.json'), text)
    const read = readRecord(folder)
    expect(read.kind === 'bad' && read.problem).toContain('.waypost-setup.json: cannot be used')
  }
})
