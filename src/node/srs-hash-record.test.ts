// The record of SRS hash lengths in the data directory.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Config } from '../config/config.ts'
import { readShortHashes, recordShortHashes } from './srs-hash-record.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 21)

let data: string
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'hash-record-'))
})
afterEach(() => rm(data, { recursive: true }))

const configOf = (srs: object | null, folder = data) =>
  ({ data: folder, srs: srs && { hash_length: 8, max_age: 21 * DAY, ...srs } }) as unknown as Config

it('a node accepts short hashes for max_age and a week from its first start with the longer ones', async () => {
  const expected = { minimum: 4, until: NOW + 28 * DAY }
  expect(await readShortHashes(configOf({}), NOW)).toEqual(expected)
  expect(await recordShortHashes(configOf({}), NOW)).toEqual(expected)
  expect(await recordShortHashes(configOf({}), NOW + 9 * DAY)).toEqual(expected)
  expect(await readShortHashes(configOf({}), NOW + 90 * DAY)).toEqual(expected)
  expect(JSON.parse(await readFile(join(data, 'srs-hash.json'), 'utf8'))).toEqual({ length: 8, earlier: expected })
})

it('nothing is recorded without srs, or with hash_minimum, which the operator maintains', async () => {
  for (const srs of [null, { hash_minimum: 4 }]) expect(await recordShortHashes(configOf(srs), NOW)).toBeNull()
  await expect(readFile(join(data, 'srs-hash.json'))).rejects.toThrow('ENOENT')
})

it('a disk that cannot be written does not stop a node', async () => {
  const missing = join(data, 'missing')
  expect(await recordShortHashes(configOf({}, missing), NOW)).toEqual({ minimum: 4, until: NOW + 28 * DAY })
})
