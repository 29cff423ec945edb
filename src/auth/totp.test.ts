import { expect, it } from 'vitest'
import { createTotpSecret, matchingStep, otpauthUri, readBase32, writeBase32 } from './totp.ts'

// RFC 6238 appendix B, SHA-1: the last six of the eight digits.
const secret = Buffer.from('12345678901234567890')
const vectors = [
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
] as const

it.each(vectors)('has the value of RFC 6238 at %i seconds', (seconds, code) => {
  expect(matchingStep(secret, code.slice(2), { now: seconds * 1000, after: -1 })).toBe(Math.floor(seconds / 30))
})

it('takes one step of drift, each code once, and nothing else', () => {
  const [seconds, code] = [1_234_567_890, '005924']
  const step = seconds / 30
  const at = (drift: number, after = -1) => matchingStep(secret, code, { now: (seconds + drift) * 1000, after })
  expect([at(-30), at(30), at(-31), at(60)]).toEqual([step, step, null, null])
  expect([at(0, step - 1), at(0, step), at(0, step + 1)]).toEqual([step, null, null])
  for (const wrong of ['', '00592', '0059244', '005925', '\u0660\u0660\u0665\u0669\u0662\u0664', 'abcdef'])
    expect(matchingStep(secret, wrong, { now: seconds * 1000, after: -1 })).toBeNull()
  expect(matchingStep(secret, ' 005 924\n', { now: seconds * 1000, after: -1 })).toBe(step)
})

// RFC 4648 10, without padding.
it.each([
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['foobar', 'MZXW6YTBOI'],
])('writes and reads %s in base 32', (text, written) => {
  expect(writeBase32(Buffer.from(text))).toBe(written)
  expect(readBase32(written)?.toString()).toBe(text)
})

it('writes the address that programs read', () => {
  expect(readBase32('mzxw6')).toBeNull()
  const made = createTotpSecret()
  expect(readBase32(writeBase32(made))).toEqual(made)
  expect(otpauthUri(Buffer.from('foo'), { issuer: 'Mail & more', user: 'lee@example.org' })).toBe(
    'otpauth://totp/Mail%20%26%20more:lee%40example.org?secret=MZXW6&issuer=Mail%20%26%20more',
  )
})
