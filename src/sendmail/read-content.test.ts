import { expect, it } from 'vitest'
import { readContent } from './read-content.ts'

const read = (text: string, ignoreDots = true) => {
  const { header, body } = readContent(Buffer.from(text, 'latin1'), { ignoreDots })
  return [header.toString('latin1'), body.toString('latin1')]
}

it.each([
  ['LF', 'A: b\n c\n\nHello\n', 'A: b\r\n c\r\n', 'Hello\r\n'],
  ['CRLF', 'A: b\r\n\r\nHello\r\n', 'A: b\r\n', 'Hello\r\n'],
  ['no end of line', 'A: b\n\nHello', 'A: b\r\n', 'Hello\r\n'],
  ['no body', 'A: b\n', 'A: b\r\n', ''],
  ['nothing', '', '', ''],
  [
    'no header',
    'Hello: world is no field, but this is: x y\nHi',
    'Hello: world is no field, but this is: x y\r\n',
    'Hi\r\n',
  ],
  ['text without a header', 'Hello world\nA: b\n', '', 'Hello world\r\nA: b\r\n'],
  ['a body without an empty line', 'A: b\nHello world\n', 'A: b\r\n', 'Hello world\r\n'],
  ['the line of a mailbox file', 'From root Mon Nov 1\nA: b\n\nFrom here\n', 'A: b\r\n', 'From here\r\n'],
  ['a continuation first', ' x\nA: b\n', '', ' x\r\nA: b\r\n'],
  ['a bare CR', 'A: b\rc\n\n10%\r20%\r\n', 'A: b c\r\n', '10%\r\n20%\r\n'],
  ['octets beyond ASCII', 'A: \xe4\n\n\xff\n', 'A: \xe4\r\n', '\xff\r\n'],
])('%s', (_what, text, header, body) => expect(read(text)).toEqual([header, body]))

it('ends at a single dot unless it has to ignore dots', () => {
  expect(read('A: b\n\none\n.\ntwo\n', false)).toEqual(['A: b\r\n', 'one\r\n'])
  expect(read('A: b\n\none\n.\r\ntwo\n', false)).toEqual(['A: b\r\n', 'one\r\n'])
  expect(read('A: b\n\none\n.\ntwo\n')).toEqual(['A: b\r\n', 'one\r\n.\r\ntwo\r\n'])
  expect(read('A: b\n\n..\n.x\n \n', false)).toEqual(['A: b\r\n', '..\r\n.x\r\n \r\n'])
  expect(read('A: b\n\nx\r.\ry\n', false)).toEqual(['A: b\r\n', 'x\r\n.\r\ny\r\n'])
})
