import { expect, test } from 'vitest'
import { refusal } from '../smtp/reply.ts'
import { withHelpLink } from './reply-lines.ts'

const refused = refusal(550, '5.7.1', 'Not wanted', 'a rule')

test('a refusal gets the link with the session', () => {
  expect(withHelpLink(refused, 'https://help.example.org/{id}?again={id}', 'S1')).toMatchObject({
    code: 550,
    enhanced: '5.7.1',
    text: 'Not wanted; see https://help.example.org/S1?again=S1',
  })
})

test('other replies, and nodes without a link, keep the text', () => {
  const done = { code: 250, enhanced: '2.0.0', text: 'Ok' }
  expect(withHelpLink(done, 'https://help.example.org/{id}', 'S1')).toBe(done)
  expect(withHelpLink(refused, null, 'S1')).toBe(refused)
})
