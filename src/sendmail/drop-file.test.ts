import { expect, it } from 'vitest'
import { formatDrop, parseDrop } from './drop-file.ts'

const envelope = {
  sender: 'root',
  recipients: ['kim@example.org', 'root'],
  notify: [],
  ret: null,
  envid: null,
} as const
const message = Buffer.from('A: b\r\n\r\nHello\r\n')
const file = (change: object, text = message.toString()) =>
  Buffer.from(`${JSON.stringify({ format: 1, ...envelope, ...change })}\n${text}`)

it('reads what it writes', () => {
  expect(parseDrop(formatDrop({ envelope, message }))).toEqual({ envelope, message })
  const full = { ...envelope, sender: null, notify: ['SUCCESS', 'DELAY'], ret: 'HDRS', envid: 'x y' } as const
  expect(parseDrop(formatDrop({ envelope: full, message }))).toEqual({ envelope: full, message })
  expect(parseDrop(file({ sender: undefined }))?.envelope.sender).toBeUndefined()
})

it.each([
  ['another format', file({ format: 2 })],
  ['a sender that ends the command', file({ sender: 'a>\r\nRCPT TO:<b' })],
  ['no recipients', file({ recipients: [] })],
  ['a recipient that is no address', file({ recipients: ['a b'] })],
  ['a recipient that looks like an option', file({ recipients: ['-f'] })],
  ['too many recipients', file({ recipients: Array.from({ length: 20_001 }, () => 'a') })],
  ['a wrong NOTIFY', file({ notify: ['NEVER', 'SUCCESS'] })],
  ['a wrong RET', file({ ret: 'x' })],
  ['a wrong ENVID', file({ envid: '\n' })],
  ['a bare LF', file({}, 'A: b\r\n\r\n.\nx\r\n')],
  ['an unfinished line', file({}, 'A: b\r\n\r\nx')],
  ['no message', file({}, '')],
  ['no envelope', Buffer.from('hello')],
  ['no JSON', Buffer.from('hello\nA: b\r\n\r\n')],
  ['null', Buffer.from('null\nA: b\r\n\r\n')],
])('refuses %s', (_what, octets) => expect(parseDrop(octets)).toBeNull())
