import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatReply, oneLine, parseReply } from './reply-text.ts'
import { isPermanent, isTemporary, refusal, unforeseen } from './reply.ts'

describe('parseReply', () => {
  test.each([
    ['250 2.1.5 OK', 250, '2.1.5', 'OK'],
    ['250 OK', 250, '', 'OK'],
    ['250', 250, '', ''],
    ['250 ', 250, '', ''],
    ['550-5.1.1 No such user\r\n550 5.1.1 Try postmaster\r\n', 550, '5.1.1', 'No such user\nTry postmaster'],
    ['550-5.7.26 one\n550 two', 550, '5.7.26', 'one\ntwo'],
    ['450 5.1.1 the classes differ', 450, '', '5.1.1 the classes differ'],
    ['550 5.1.1', 550, '5.1.1', ''],
    ['550 5.1.1234 no status', 550, '', '5.1.1234 no status'],
    ['421 4.7.0 [192.0.2.1] Try again', 421, '4.7.0', '[192.0.2.1] Try again'],
    ['550-5.1.1 first\nsecond without code', 550, '5.1.1', 'first\nsecond without code'],
    ['550 bell\x07 and escape\x1b[31m', 550, '', 'bell  and escape [31m'],
  ])('%j', (text, code, enhanced, rest) => expect(parseReply(text)).toEqual({ code, enhanced, text: rest }))

  test.each(['', 'OK', '25 OK', '2500 OK', '150 no class', '650 x', '250OK', ' 250 OK', '\r\n250 OK'])(
    '%j is none',
    (text) => expect(parseReply(text)).toBeNull(),
  )

  test('is bounded in lines and characters', () => {
    const reply = parseReply(Array.from({ length: 10_000 }, () => '550-5.0.0 x'.repeat(10)).join('\r\n'))
    expect(reply?.text.length).toBeLessThanOrEqual(4096)
    expect(reply?.text.split('\n').length).toBeLessThanOrEqual(50)
  })
})

describe('formatReply', () => {
  test('puts the status on every line', () => {
    expect(formatReply({ code: 550, enhanced: '5.1.1', text: 'No such user\nSorry' })).toBe(
      '550-5.1.1 No such user\r\n550 5.1.1 Sorry\r\n',
    )
    expect(formatReply({ code: 354, enhanced: '', text: 'Go ahead' })).toBe('354 Go ahead\r\n')
  })

  test('lets no text start a line of its own', () => {
    expect(formatReply({ code: 550, enhanced: '5.7.1', text: 'no\r\n250 yes\u0085' })).toBe(
      '550-5.7.1 no\r\n550 5.7.1 250 yes\r\n',
    )
  })

  test('every line is short, has the code, and only the last ends the reply', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 1500 }), fc.constantFrom('', '5.7.1'), (text, enhanced) => {
        const wire = formatReply({ code: 550, enhanced, text })
        const lines = wire.split('\r\n')
        expect(lines.pop()).toBe('')
        for (const [i, line] of lines.entries()) {
          expect(Buffer.byteLength(line)).toBeLessThanOrEqual(510)
          // oxlint-disable-next-line no-control-regex -- what must not be there
          expect(line).not.toMatch(/[\x00-\x1f\x7f]/)
          expect(line.startsWith(i < lines.length - 1 ? '550-' : '550 ')).toBe(true)
        }
      }),
    )
  })

  test('is read back', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 1, maxLength: 10 }).map((w) => w.join(' '))
    fc.assert(
      fc.property(fc.array(words, { minLength: 1, maxLength: 5 }), fc.constantFrom('', '5.7.1'), (lines, enhanced) => {
        const reply = { code: 554, enhanced, text: lines.join('\n') }
        expect(parseReply(formatReply(reply))).toEqual(reply)
      }),
    )
  })

  test('one line for the log', () => {
    expect(oneLine({ code: 550, enhanced: '5.1.1', text: 'No\nsuch\tuser' })).toBe('550 5.1.1 No such user')
    expect(oneLine({ code: 250, enhanced: '', text: '' })).toBe('250')
  })
})

test('refusals are born complete', () => {
  expect(refusal(450, '4.7.1', 'Later')).toEqual({ code: 450, enhanced: '4.7.1', text: 'Later', cause: 'Later' })
  const bug = unforeseen(new Error('secret'))
  expect([isTemporary(bug), isPermanent(bug), bug.text.includes('secret'), bug.cause.includes('secret')]).toEqual([
    true,
    false,
    false,
    true,
  ])
  expect(unforeseen('text').cause).toBe('text')
})
