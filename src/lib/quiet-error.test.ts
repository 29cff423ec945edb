import { expect, test } from 'vitest'
import { quietError } from './quiet-error.ts'

test('an error without a stack is an error with its message and fields', () => {
  const error = quietError('no such name', { code: 'ENOTFOUND' })
  expect(error).toBeInstanceOf(Error)
  expect(error.code).toBe('ENOTFOUND')
  expect(String(error)).toBe('Error: no such name')
  expect(error.stack).toBeUndefined()
})
