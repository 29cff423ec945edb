import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { contentSize } from './content.ts'

test('the size of a message is header and body together', () => {
  const content = {
    header: Buffer.from('A: 1\r\n\r\n'),
    bodySize: 6,
    openBody: () => Readable.from([Buffer.from('body\r\n')]),
  }
  expect(contentSize(content)).toBe(14)
})
