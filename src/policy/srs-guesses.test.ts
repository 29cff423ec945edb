import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { refusal } from '../smtp/reply.ts'
import { createSrsGuesses } from './srs-guesses.ts'
import { accept, refuse } from './verdict.ts'

const wrong = refuse(refusal(550, '5.1.1', 'No such address here', 'SRS: wrong hash'))
const unknown = refuse(refusal(550, '5.1.1', 'No such address here', 'nobody@example.org is known nowhere'))

test('a network that guesses has to wait, others do not, and it is forgiven in time', async () => {
  const clock = createFakeClock()
  const guesses = createSrsGuesses(clock)
  for (let i = 0; i < 20; i++) {
    expect(guesses.check('198.51.100.0/24')).toBeNull()
    guesses.seen('198.51.100.0/24', wrong)
  }
  expect(guesses.check('198.51.100.0/24')).toMatchObject({ kind: 'defer', reply: { code: 450, enhanced: '4.7.1' } })
  expect(guesses.check('192.0.2.0/24')).toBeNull()
  await clock.advance(60 * 60 * 1000)
  expect(guesses.check('198.51.100.0/24')).toBeNull()
})

test('other refusals and right addresses do not count', () => {
  const guesses = createSrsGuesses(createFakeClock())
  for (let i = 0; i < 100; i++) {
    guesses.seen('198.51.100.0/24', unknown)
    guesses.seen('198.51.100.0/24', accept)
  }
  expect(guesses.check('198.51.100.0/24')).toBeNull()
})
