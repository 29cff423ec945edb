import { expect, it } from 'vitest'
import { completeHeader, headerRecipients } from './complete-header.ts'

const facts = { author: 'root', fullName: null, at: 0, unique: 'u1', hostname: 'web-01' }
const header = (...lines: string[]) => Buffer.from(lines.map((line) => `${line}\r\n`).join(''))
const complete = (lines: string[], change: object = {}) =>
  completeHeader(header(...lines), { ...facts, ...change }).toString()

const date = 'Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n'

it('adds what is missing', () => {
  expect(complete(['Subject: x'])).toBe(`From: root\r\n${date}Message-ID: <u1@web-01>\r\nSubject: x\r\n`)
  expect(complete([], { fullName: 'Cron Daemon' })).toContain('From: "Cron Daemon" <root>\r\n')
  expect(complete([], { fullName: 'a\r\nBcc: x' })).not.toMatch(/^Bcc/m)
})

it('keeps what is there', () => {
  const lines = ['From: a@b.example', 'Date: Mon, 02 Nov 2026 10:00:00 +0100', 'Message-ID: <x@y>', 'To: kim']
  expect(complete(lines)).toBe(header(...lines).toString())
})

it('removes Bcc and Resent-Bcc, with their folds', () => {
  const text = complete(['To: a', 'Bcc: b,', ' c', 'Resent-Bcc: d', 'Resent-To: e', 'Subject: x'])
  expect(text).not.toMatch(/bcc|^ c/im)
  expect(text).toMatch(/^Resent-From: root\r\nResent-Date: .*\r\nResent-Message-ID: <u1@web-01>\r\n/)
})

it('takes the recipients of To, Cc and Bcc, or of their Resent- fields only', () => {
  const lines = ['To: Kim <kim@a.example>, root', 'Cc: team: x@y.example;', 'Bcc: "l, e" <lee>']
  expect(headerRecipients(header(...lines))).toEqual(['kim@a.example', 'root', 'x@y.example', 'lee'])
  expect(headerRecipients(header(...lines, 'Resent-To: sam', 'Resent-Bcc: pat'))).toEqual(['sam', 'pat'])
})
