import { expect, it } from 'vitest'
import { ALLOWED_GROWTH, growing, growthOf, YOUNGEST } from './flatness.ts'
import type { Sample } from './samples.ts'

const samples = (seconds: number, rssOf: (age: number) => number): Sample[] =>
  Array.from({ length: Math.ceil(seconds / 10) }, (_, place) => {
    const age = place * 10
    return {
      node: 'mx',
      pid: 1,
      at: age,
      age,
      rssMiB: rssOf(age),
      pssMiB: 200,
      files: 100,
      heapMiB: 60,
      lagMs: 12,
      cpu: age,
      queued: 0,
      queueMiB: 1,
      walMiB: 1,
      spoolFiles: 0,
      ended: age,
    }
  })

it('judges minutes 10 to 20 against the last ten minutes: a warm-up is not growth', () => {
  const growth = growthOf(samples(7200, (age) => (age < 600 ? age / 3 : 250)))
  expect(growth.map(({ what }) => what)).toEqual(Object.keys(ALLOWED_GROWTH))
  expect(growth[0]).toMatchObject({ early: 250, late: 250 })
  expect(growing(growth)).toEqual([])
})

it('finds a leak', () => {
  const growth = growthOf(samples(7200, (age) => 200 + age / 60))
  expect(growing(growth)).toEqual([expect.stringMatching(/^mx: rssMiB grows from 21\d\.\d to 31\d\.\d/)])
})

it('judges only the last process, with windows of its age, and only if it has warmed up', () => {
  const before = samples(7200, () => 900).map((sample) => ({ ...sample, pid: 2 }))
  expect(growthOf([...before, ...samples(YOUNGEST - 60, () => 200)])).toEqual([])
  const growth = growthOf([...before, ...samples(1200, (age) => (age < 900 ? 200 : 300))])
  expect(growth[0]).toMatchObject({ early: 200, late: 300 })
})

it('finds a value that was never read', () => {
  const growth = growthOf(samples(7200, () => Number.NaN))
  expect(growing(growth)).toHaveLength(1)
})
