import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { longFiles, placeOf } from './file-order.ts'

it('starts the longest files first, then the others with nodes and peers, then unit tests', () => {
  const places = [
    placeOf('scenarios', 'test/scenarios/tutorial.test.ts'),
    placeOf('peers', longFiles.at(-1) ?? ''),
    placeOf('peers', 'test/peers/other.test.ts'),
    placeOf('unit', 'src/route/router.test.ts'),
  ]
  expect(places).toEqual([...new Set(places)].toSorted((one, other) => one - other))
})

it('names files that exist', () => {
  expect(longFiles.filter((file) => !existsSync(join(import.meta.dirname, '../..', file)))).toEqual([])
})
