// Messages with reports: where the file is, complaints, and messages without any.

import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { BEGIN, complaintMail, dmarcXml, mailWithFile, tlsJson } from '../../../test/lib/report-samples.ts'
import { readReport } from './read-report.ts'

const NOW = BEGIN + 86_400_000
const read = (message: string) => readReport(Buffer.from(message, 'latin1'), NOW)
const single = (type: string, content: Buffer) =>
  `From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n\r\n${content.toString('base64')}\r\n`

describe('the file', () => {
  it.each([
    [
      'an attachment',
      mailWithFile({ type: 'application/gzip', name: 'a.xml.gz', content: gzipSync(dmarcXml()) }),
      'dmarc',
    ],
    [
      'of a wrong type',
      mailWithFile({ type: 'application/octet-stream', name: 'x', content: Buffer.from(tlsJson()) }),
      'tls',
    ],
    ['the whole message', single('application/gzip; name=a.xml.gz', gzipSync(dmarcXml())), 'dmarc'],
    ['text', single('text/xml', Buffer.from(dmarcXml())), 'dmarc'],
    ['plain text', single('text/plain', Buffer.from(tlsJson())), 'tls'],
    [
      'in a forwarded message',
      `Subject: Fwd\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=f\r\n\r\n--f\r\nContent-Type: text/plain\r\n\r\nsee\r\n--f\r\nContent-Type: message/rfc822\r\n\r\n${single('application/gzip', gzipSync(dmarcXml()))}\r\n--f--\r\n`,
      'dmarc',
    ],
  ])('is %s', async (_, message, kind) => {
    expect((await read(message)).kind).toBe(kind)
  })
})

describe('a complaint', () => {
  const original = [
    'Return-Path: <SRS0=x=y=sender.example=ann@srs.example.org>',
    'Received: from a.example (a.example [192.0.2.1])',
    '\tby srs-01.example.org (Waypost) with ESMTPS (TLSv1.3 X) id 6GbKxv0000zBBBBB;',
    '\tSat, 28 Nov 2026 10:00:00 +0000',
    'Received: by nothing.example with id; Sat, 28 Nov 2026 10:00:00 +0000',
    'From: Kim <kim@example.org>',
    'Message-ID: <1@example.org>',
  ]
  it('has what finds the mail', async () => {
    const fields = [
      'Source-IP: 192.0.2.1',
      'Reported-Domain: Example.org',
      'Arrival-Date: Sat, 28 Nov 2026 10:00:05 +0000',
      'Incidents: 3',
    ]
    expect(await read(complaintMail({ fields, original }))).toEqual({
      kind: 'complaint',
      feedbackType: 'abuse',
      userAgent: 'SomeGenerator/1.0',
      sourceIp: '192.0.2.1',
      reportedDomain: 'example.org',
      arrivedAt: Date.UTC(2026, 10, 28, 10, 0, 5),
      incidents: 3,
      original: {
        messageId: '<1@example.org>',
        hops: [{ host: 'srs-01.example.org', queueId: '6GbKxv0000zBBBBB' }],
        authorDomain: 'example.org',
      },
    })
  })

  it('can have the header section only, or nothing', async () => {
    const headers = complaintMail({ original }).replace('message/rfc822', 'text/rfc822-headers')
    expect(await read(headers)).toMatchObject({ original: { messageId: '<1@example.org>' } })
    expect(await read(complaintMail({ fields: ['Incidents: x'] }))).toMatchObject({
      incidents: 1,
      original: { messageId: null, hops: [], authorDomain: null },
    })
    await expect(read(complaintMail().replace('Feedback-Type', 'X'))).rejects.toThrow('has no Feedback-Type')
  })
})

describe('what is refused', () => {
  it.each([
    ['no file', 'From: a@b.example\r\n\r\nHello\r\n', 'the message has no report'],
    [
      'another file',
      mailWithFile({ type: 'image/png', name: 'a.png', content: Buffer.from('x') }),
      'only a.png (image/png)',
    ],
    ['HTML', single('text/html', Buffer.from('<!DOCTYPE html><html>')), 'the message has no report'],
    [
      'deep parts',
      Array.from({ length: 30 }, (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`).join(''),
      'nesting depth',
    ],
    [
      'many files',
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\nContent-Type: image/png\r\n\r\nx\r\n'.repeat(21)}--b--\r\n`,
      'the message has 21 files',
    ],
  ])('%s', async (_, message, reason) => {
    await expect(read(message)).rejects.toThrow(reason)
  })

  it('a message that is too large', async () => {
    await expect(readReport(Buffer.alloc(25 * 2 ** 20 + 1), NOW)).rejects.toThrow('expected at most 26214400')
  })
})
