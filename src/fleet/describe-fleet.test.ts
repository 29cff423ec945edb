import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { fleetJsonSchema, fleetKeys } from './describe-fleet.ts'

const docs = fileURLToPath(new URL('../../docs/', import.meta.url))

test('docs/fleet.schema.json matches the schema; UPDATE_EXPECTED=1 writes it', () => {
  const text = `${JSON.stringify(fleetJsonSchema(), null, 2)}\n`
  if (process.env.UPDATE_EXPECTED) writeFileSync(`${docs}fleet.schema.json`, text)
  expect(readFileSync(`${docs}fleet.schema.json`, 'utf8')).toBe(text)
})

test('the table of keys in docs/reference/fleet.md matches the schema', () => {
  const page = `${docs}reference/fleet.md`
  const written = readFileSync(page, 'utf8')
  const [start, end] = ['<!-- keys -->\n', '\n<!-- end of keys -->']
  const [before = '', rest = ''] = written.split(start)
  const text = `${before}${start}${fleetKeys()}${end}${rest.split(end)[1] ?? ''}`
  if (process.env.UPDATE_EXPECTED) writeFileSync(page, text)
  expect(readFileSync(page, 'utf8')).toBe(text)
  expect(
    fleetKeys()
      .split('\n')
      .filter((row) => row.endsWith('|  |')),
  ).toEqual([])
})
