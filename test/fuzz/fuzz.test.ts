// A short search with a fixed seed. `npm run fuzz` searches for longer.

import { expect, it } from 'vitest'
import { createRandom, cut } from './fuzz-random.ts'
import { type FuzzTarget, same } from './fuzz-target.ts'
import { corpusOf, fuzz } from './fuzz.ts'
import { fuzzTargets } from './fuzz-targets.ts'

/** Beyond the corpus; a session takes longer than a parser. */
const runsOf = ({ name }: FuzzTarget) => (name === 'sessions' ? 60 : 400)

it.each(fuzzTargets)('$name: $holds', async (target) => {
  const runs = corpusOf(target).length + runsOf(target)
  const { found, kinds } = await fuzz(target, { seed: 1, more: (done) => done < runs })
  expect(found && `${found.error}\n${JSON.stringify(found.input.toString('latin1'))}`).toBeNull()
  expect(kinds).toBeGreaterThan(5)
})

it('finds a fault, makes its input small, and finds the same with the same seed', async () => {
  const [target] = fuzzTargets
  const faulty = {
    ...(target as FuzzTarget),
    open: () => ({
      run: (input: Buffer) => {
        if (input.includes('"')) throw new Error('a quote')
        return String(input.length % 7)
      },
    }),
  }
  const search = () => fuzz(faulty, { seed: 2, more: (done) => done < 20_000 })
  const [one, two] = [await search(), await search()]
  expect([one.found?.input.toString(), two.runs]).toEqual(['"', one.runs])
})

it('cuts an input into parts that together are the input', () => {
  const random = createRandom(3)
  const input = Buffer.from('0123456789')
  for (let i = 0; i < 50; i++) same('the input', Buffer.concat(cut(input, random, 5)).toString(), input.toString())
})
