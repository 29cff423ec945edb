import { describe, expect, it } from 'vitest'
import { matchesAnswer, parseAnswerPattern } from './answer-pattern.ts'

describe('a pattern of answers', () => {
  it.each([
    ['127.0.0.2', '127.0.0.2', true],
    ['127.0.0.2', '127.0.0.3', false],
    ['127.0.0.4-7', '127.0.0.4', true],
    ['127.0.0.4-7', '127.0.0.7', true],
    ['127.0.0.4-7', '127.0.0.8', false],
    ['127.0.*.3', '127.0.15.3', true],
    ['127.0.*.3', '127.1.15.3', false],
    ['127.0.0.&64', '127.0.0.64', true],
    ['127.0.0.&64', '127.0.0.80', true],
    ['127.0.0.&64', '127.0.0.8', false],
    ['127.0.0.2', '127.0.0.2.evil', false],
    ['*.*.*.*', '::1', false],
    ['127.0.0.2', '', false],
  ])('%s and the answer %s: %s', (text, address, expected) => {
    const pattern = parseAnswerPattern(text)
    expect(pattern && matchesAnswer(pattern, address)).toBe(expected)
  })

  it.each([
    '',
    '127',
    '127.0.0',
    '127.0.0.2.1',
    '127.0.0.256',
    '127.0.0.7-4',
    '127.&2.0.0',
    '127.0.0.&6',
    '127.0.0.&0',
    '127.0.0.x',
    '127.0.0.-2',
    ' 127.0.0.2',
    '127.0.0.&2-4',
    '127.0.0.1e1',
  ])('is not %j', (text) => {
    expect(parseAnswerPattern(text)).toBeNull()
  })
})
