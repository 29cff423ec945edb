// The data directory is found in a YAML that the node would reject.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readDataKey } from './data-key.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-data-key-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function read(yaml: string) {
  const file = join(folder, 'node.yaml')
  writeFileSync(file, yaml)
  return readDataKey(file)
}

it.each([
  ['a complete file', 'role: mx\ndata: /var/lib/waypost\n'],
  ['an unknown role and a wrong type', 'role: 7\ndata: /var/lib/waypost\nlimits: none\n'],
  ['a key twice', 'role: mx\ndata: /var/lib/waypost\nrole: srs\n'],
  ['a list without an end behind it', 'data: /var/lib/waypost\nmail: [a, b\n'],
  ['a text without an end behind it', 'data: /var/lib/waypost\nrole: "mx\n'],
])('is found in %s', (_what, yaml) => {
  expect(read(yaml)).toEqual({ kind: 'ok', data: '/var/lib/waypost' })
})

it('starts at the folder of the file', () => {
  expect(read('data: state\n')).toEqual({ kind: 'ok', data: join(folder, 'state') })
})

it.each([
  ['', /found nothing, expected the data directory/],
  ['role: mx\n', /found nothing, expected the data directory/],
  ['data: [a]\n', /found nothing, expected the data directory/],
  ['- data: a\n', /found nothing, expected the data directory/],
  ['data: a\ndata: b\n', /found the key twice/],
])('is not found in %j', (yaml, message) => {
  expect(read(yaml)).toMatchObject({ kind: 'bad', problems: [{ message: expect.stringMatching(message) }] })
})

it('reports a missing file', () => {
  expect(readDataKey(join(folder, 'missing.yaml'))).toMatchObject({
    kind: 'bad',
    problems: [{ message: expect.stringContaining('ENOENT') }],
  })
})
