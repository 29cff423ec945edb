import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatReply, oneLine } from './reply-text.ts'
import { isPermanent, isTemporary, refusal, unforeseen } from './reply.ts'

describe('formatReply', () => {
  test('puts the status on every line', () => {
    expect(formatReply({ code: 550, enhanced: '5.1.1', text: 'No such user\nSorry' })).toBe(
      '550-5.1.1 No such user\r\n550 5.1.1 Sorry\r\n',
    )
    expect(formatReply({ code: 354, enhanced: '', text: 'Go ahead' })).toBe('354 Go ahead\r\n')
  })

  test('never starts a line with text of the reply', () => {
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
