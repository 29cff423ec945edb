import { expect, it } from 'vitest'
import { counted } from './counted.ts'

it('is plural except for one', () => {
  expect([0, 1, 2].map((count) => counted(count, 'message'))).toEqual(['0 messages', '1 message', '2 messages'])
})
