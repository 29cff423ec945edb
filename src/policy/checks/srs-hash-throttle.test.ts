import { expect, test } from 'vitest'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { refusal } from '../../smtp/reply.ts'
import { createSrsGuesses } from './srs-hash-throttle.ts'
import { accept, refuse } from '../verdict.ts'

const ADDRESS = 'SRS0=aaaa=BB=stranger.example=ann@srs.example.org'
const wrong = refuse(refusal(550, '5.1.1', 'No such address here', 'SRS: wrong hash'))
const expired = refuse(refusal(550, '5.1.1', 'No such address here', 'SRS: expired'))
const unknown = refuse(refusal(550, '5.1.1', 'No such address here', 'nobody@example.org is known nowhere'))

test('a network that guesses has to wait, others do not, and it is forgiven in time', async () => {
  const clock = createFakeClock()
  const guesses = createSrsGuesses(clock)
  for (let i = 0; i < 20; i++) {
    expect(guesses.check('198.51.100.0/24', ADDRESS)).toBeNull()
    guesses.seen('198.51.100.0/24', wrong)
  }
  expect(guesses.check('198.51.100.0/24', ADDRESS)).toMatchObject({
    kind: 'defer',
    reply: { code: 450, enhanced: '4.7.1' },
  })
  expect(guesses.check('192.0.2.0/24', ADDRESS)).toBeNull()
  await clock.advance(60 * 60 * 1000)
  expect(guesses.check('198.51.100.0/24', ADDRESS)).toBeNull()
})

test('other refusals and right addresses do not count', () => {
  const guesses = createSrsGuesses(createFakeClock())
  for (let i = 0; i < 100; i++) {
    guesses.seen('198.51.100.0/24', unknown)
    guesses.seen('198.51.100.0/24', expired)
    guesses.seen('198.51.100.0/24', accept)
  }
  expect(guesses.check('198.51.100.0/24', ADDRESS)).toBeNull()
})

test('whoever guesses waits with SRS addresses only: a provider has other mail for us', () => {
  const guesses = createSrsGuesses(createFakeClock())
  for (let i = 0; i < 100; i++) guesses.seen('198.51.100.0/24', wrong)
  expect(guesses.check('198.51.100.0/24', 'press@example.org')).toBeNull()
  expect(guesses.check('198.51.100.0/24', 'srs@example.org')).toBeNull()
  for (const address of ['srs1+x@srs.example.org', '"SRS0=a b"@srs.example.org'])
    expect(guesses.check('198.51.100.0/24', address)).toMatchObject({ kind: 'defer' })
})
