import { expect, it } from 'vitest'
import { createEqualDuration } from './equal-duration.ts'
import { hashPassword } from './schemes.ts'
import { readStored, type StoredPassword } from './stored-password.ts'

function stored(text: string): StoredPassword {
  const read = readStored(text, true)
  if (read.kind === 'bad') throw new Error(read.problem)
  return read.stored
}

const cheap = stored('{PLAIN}secret')
const dear = stored(hashPassword('SHA512-CRYPT', 'secret'))

function setup(samples: readonly StoredPassword[] = [cheap, dear]) {
  const slept: number[] = []
  const probed: string[] = []
  const level = createEqualDuration({
    clock: { sleep: async (ms) => void slept.push(ms) },
    pool: {
      verify: async ({ scheme }) => {
        probed.push(scheme)
        return { verdict: 'mismatch', ms: scheme === 'PLAIN' ? 1 : 80 }
      },
    },
    samples: () => samples,
  })
  return { ...level, slept, probed }
}

it('a failure of a cheap hash takes as long as one of the dearest, from the first one on', async () => {
  const { level, slept, probed } = setup()
  await level(1)
  await level(80)
  await level(30)
  expect(slept).toEqual([79, 50])
  expect(probed).toEqual(['PLAIN', 'SHA512-CRYPT'])
})

it('follows the load of the machine slowly', async () => {
  const { level, note, slept } = setup()
  await level(1)
  note(dear, 180)
  await level(1)
  expect(slept).toEqual([79, 99])
})

it('levels nothing for users with one kind of hash, and nothing without users', async () => {
  const one = setup([dear])
  await one.level(80)
  const none = setup([])
  await none.level(5)
  expect([...one.slept, ...none.slept]).toEqual([])
})
