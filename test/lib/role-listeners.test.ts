import { expect, it } from 'vitest'
import { unplacedListeners } from './role-listeners.ts'

it('names the listeners of a role that have no address', () => {
  expect(unplacedListeners('submission', { submission: '127.0.0.1:5870' })).toEqual(['submissions'])
  expect(unplacedListeners('mx', { smtp: '127.0.0.1:2525' })).toEqual([])
  expect(unplacedListeners('unknown', {})).toEqual([])
})
