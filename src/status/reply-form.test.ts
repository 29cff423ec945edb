import { expect, it } from 'vitest'
import { replyForm } from './reply-form.ts'

it.each([
  ['550 5.7.1 Your address 192.0.2.1 is listed by zen', '550 5.7.1 Your address … is listed by zen'],
  ['550 5.7.1 Your address 2001:db8::1 is listed', '550 5.7.1 Your address … is listed'],
  [
    '550 5.7.1 The sender domain a-b.example is listed, see https://x.example/?q=a',
    '550 5.7.1 The sender domain … is listed, see …',
  ],
  ['553 5.7.1 You are not allowed to send as <kim@example.org>', '553 5.7.1 You are not allowed to send as …'],
  ['554 5.4.6 Too many hops: 51 Received fields', '554 5.4.6 Too many hops: … Received fields'],
  ['550 two\nlines', '… two lines'],
])('%s', (reply, form) => {
  expect(replyForm(reply)).toBe(form)
})

it('is short', () => {
  expect(replyForm(`550 5.7.1 ${'x'.repeat(1000)}`).length).toBeLessThan(200)
})
