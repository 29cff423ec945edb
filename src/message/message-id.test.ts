import { expect, test } from 'vitest'
import { readFields } from './header.ts'
import { makeMessageId, readMessageId } from './message-id.ts'

const read = (text: string) => readMessageId(readFields(Buffer.from(text)))

test('is made from what never repeats', () => {
  expect(makeMessageId('3Pt2mN2VXxznjll', 'example.org')).toBe('<3Pt2mN2VXxznjll@example.org>')
})

test.each([
  ['Message-ID: <a@b>\r\n', '<a@b>'],
  ['message-id:\r\n <a@b> (comment)\r\n', '<a@b>'],
  ['Message-ID: naked@b\r\n', 'naked@b'],
  ['Message-ID: <a@b>\r\nMessage-ID: <c@d>\r\n', '<a@b>'],
  ['Message-ID: a\x1b[31m\r\n', 'a[31m'],
  ['Message-ID:\r\n', null],
  ['Subject: x\r\n', null],
])('%j has %s', (text, id) => expect(read(text)).toBe(id))

test('is bounded', () => expect(read(`Message-ID: <${'a'.repeat(5000)}@b>\r\n`)?.length).toBe(255))
