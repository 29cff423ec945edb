import { expect, test } from 'vitest'
import { readEndpoint } from './endpoint.ts'

test.each([
  ['mx.example.org:25', { host: 'mx.example.org', port: 25 }],
  ['192.0.2.1:65535', { host: '192.0.2.1', port: 65_535 }],
  ['[2001:db8::1]:587', { host: '2001:db8::1', port: 587 }],
])('reads %s', (text, endpoint) => {
  expect(readEndpoint(text)).toEqual(endpoint)
})

test.each([
  '',
  'mx.example.org',
  ':25',
  'mx:',
  'mx:0',
  'mx:65536',
  'mx:123456',
  '2001:db8::1',
  '[192.0.2.1]:25',
  '[mx]:25',
  'mx:2x',
])('takes no %j', (text) => {
  expect(readEndpoint(text)).toBeNull()
})

test('takes port 0 where it is asked for', () => {
  expect(readEndpoint('127.0.0.1:0', 0)).toEqual({ host: '127.0.0.1', port: 0 })
})
