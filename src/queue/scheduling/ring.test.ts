import { expect, it } from 'vitest'
import { Ring } from './ring.ts'

it('gives each entry once, in the order of the first push', () => {
  const ring = new Ring<string>()
  for (const entry of ['a', 'b', 'a', 'c', 'b']) ring.push(entry)
  expect(ring.size).toBe(3)
  expect([ring.shift(), ring.shift(), ring.shift(), ring.shift()]).toEqual(['a', 'b', 'c', undefined])
})

it('forgets an entry that is removed, and takes it again at the end', () => {
  const ring = new Ring<string>()
  for (const entry of ['a', 'b', 'c']) ring.push(entry)
  ring.remove('a')
  ring.remove('x')
  ring.push('a')
  expect([ring.shift(), ring.shift(), ring.shift()]).toEqual(['b', 'c', 'a'])
})

it('takes entries from the front and puts them back without growing', () => {
  const ring = new Ring<number>()
  for (let i = 0; i < 1000; i++) ring.push(i)
  for (let i = 0; i < 10_000; i++) {
    expect(ring.shift()).toBe(i % 1000)
    ring.push(i % 1000)
  }
  expect(ring.size).toBe(1000)
})
