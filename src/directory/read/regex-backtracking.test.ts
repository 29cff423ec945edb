import { describe, expect, it } from 'vitest'
import { hasExponentialBacktracking } from './regex-backtracking.ts'

describe('hasExponentialBacktracking', () => {
  it.each([
    '(a+)+',
    '^(a|b)*$',
    '(?:a*){3}',
    '^(([a-z]+)\\.?)+@example\\.org$',
    '(((a+)))*',
    '(x(a|aa)y?)+',
    '(a{1,})+',
    '(\\(a+)+',
  ])('%s', (pattern) => expect(hasExponentialBacktracking(pattern)).toBe(true))

  it.each([
    '^ex-.*@',
    '(a+)',
    '(a+)?b',
    'a|b',
    '([+*|])+',
    '(\\+a)+',
    '([^\\]+]a)+',
    '^(kim|lee)-(.*)$',
    '([0-9]{4}-)+',
    '(a)(b+)',
    ')+(',
  ])('accepts %s', (pattern) => expect(hasExponentialBacktracking(pattern)).toBe(false))
})
