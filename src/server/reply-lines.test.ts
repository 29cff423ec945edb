import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as replies from './server-replies.ts'
import { statusMeaning } from '../smtp/status.ts'
import { replyLines } from './reply-lines.ts'

describe('replyLines', () => {
  it.each([
    [{ code: 250, enhanced: '2.0.0', text: 'OK' }, '250 2.0.0 OK\r\n'],
    [{ code: 354, enhanced: '', text: 'Go' }, '354 Go\r\n'],
    [{ code: 250, enhanced: '', text: 'a\nb' }, '250-a\r\n250 b\r\n'],
    [{ code: 550, enhanced: '5.1.1', text: 'a\nb' }, '550-5.1.1 a\r\n550 5.1.1 b\r\n'],
    [{ code: 550, enhanced: '5.1.1', text: 'a\r\n250 fake' }, '550-5.1.1 a\r\n550 5.1.1 250 fake\r\n'],
  ])('%j', (reply, lines) => {
    expect(replyLines(reply, false)).toBe(lines)
  })

  it('sends UTF-8 only with SMTPUTF8', () => {
    const reply = { code: 550, enhanced: '5.1.1', text: 'Kein Gr\u00fc\u00dfer \u{1f511}' }
    expect(replyLines(reply, false)).toBe('550 5.1.1 Kein Gr??er ?\r\n')
    expect(replyLines(reply, true)).toBe('550 5.1.1 Kein Gr\u00fc\u00dfer \u{1f511}\r\n')
  })

  it('has only complete lines with the code and at most 512 octets', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 1500 }), fc.boolean(), (text, utf8) => {
        const lines = replyLines({ code: 550, enhanced: '5.7.1', text }, utf8).split('\r\n')
        expect(lines.pop()).toBe('')
        for (const [index, line] of lines.entries()) {
          expect(line.startsWith(index < lines.length - 1 ? '550-5.7.1' : '550 5.7.1')).toBe(true)
          expect(Buffer.byteLength(line)).toBeLessThanOrEqual(510)
          expect(line).not.toMatch(/[\r\n]/)
        }
      }),
      { numRuns: 25 },
    )
  })
})

describe('the replies of the server', () => {
  const all = Object.entries({ ...replies, tooLarge: replies.tooLarge(1) }).filter(
    ([, reply]) => typeof reply === 'object',
  )

  it.each(all)('%s: the status is of the class of its code and known', (_name, reply) => {
    const { code, enhanced } = reply as { code: number; enhanced: string }
    if (code === 354) return expect(enhanced).toBe('')
    expect(enhanced[0]).toBe(String(code)[0])
    expect(statusMeaning(enhanced)).not.toBeNull()
  })
})
