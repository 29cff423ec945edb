// A wrapped mail, taken apart again: what is inside must be what came.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fieldsNamed, readFields } from './header.ts'
import { deliveredTo, FORWARDED_FIELD } from './hops.ts'
import { viaFields } from './via-author.ts'
import { wrap } from './wrapped.ts'
import type { Wrapping } from './wrapped.ts'

const head = [
  'Received: from a.example by mx.example.org',
  'Received: from b.example by a.example',
  'DKIM-Signature: v=1; d=stranger.example',
  'From: Ann <ann@stranger.example>',
  'To: kim@example.org,',
  ' lee@example.org',
  'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=',
  'Date: Sat, 21 Nov 2026 00:00:00 +0000',
  'Message-ID: <1@stranger.example>',
  'Auto-Submitted: auto-generated',
  'Content-Type: text/html',
  '',
  '',
].join('\r\n')

function wrapping(changes: Partial<Wrapping> = {}, text = head): Wrapping {
  const header = Buffer.from(text)
  const fields = readFields(header)
  return {
    header,
    fields,
    author: viaFields(fields, 'ann@stranger.example', { domain: 'srs.example.org', via: 'example.org' }),
    unique: '4jWd1x64BJzrPVJ3',
    hostname: 'srs-01.example.org',
    at: Date.UTC(2026, 10, 21),
    bits: '7bit',
    explanation: ['Ann wrote.', 'It is attached.'],
    ...changes,
  }
}

/** The parts of the wrapped mail as a reader of MIME finds them. */
function parts(given: Wrapping, body: Buffer) {
  const { header, before, after } = wrap(given)
  const type = fieldsNamed(readFields(header), 'content-type')[0]?.value ?? ''
  const boundary = /boundary="([^"]+)"/.exec(type)?.[1] as string
  const text = Buffer.concat([before, body, after]).toString('latin1')
  const [preamble, ...rest] = `\r\n${text}`.split(`\r\n--${boundary}`)
  return { header, preamble, parts: rest.slice(0, -1), end: rest.at(-1) }
}

describe('a wrapped mail', () => {
  it('reads so', () => {
    const { header, before, after } = wrap(wrapping())
    expect(header.toString()).toMatchInlineSnapshot(`
      "Received: from a.example by mx.example.org
      Received: from b.example by a.example
      From: "Ann via example.org" <ann=stranger.example@srs.example.org>
      Reply-To: Ann <ann@stranger.example>
      X-Original-From: Ann <ann@stranger.example>
      To: kim@example.org,
       lee@example.org
      Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
      Date: Sat, 21 Nov 2026 00:00:00 +0000
      Auto-Submitted: auto-generated
      Message-ID: <4jWd1x64BJzrPVJ3.wrapped@srs-01.example.org>
      References: <1@stranger.example>
      MIME-Version: 1.0
      Content-Type: multipart/mixed; boundary="=_4jWd1x64BJzrPVJ3.wrapped"

      "
    `)
    expect(before.toString().replace(head, '(the header)\r\n')).toMatchInlineSnapshot(`
      "--=_4jWd1x64BJzrPVJ3.wrapped
      Content-Type: text/plain; charset=us-ascii

      Ann wrote.
      It is attached.

      --=_4jWd1x64BJzrPVJ3.wrapped
      Content-Type: message/rfc822

      (the header)
      "
    `)
    expect(after.toString()).toMatchInlineSnapshot(`
      "
      --=_4jWd1x64BJzrPVJ3.wrapped--
      "
    `)
  })

  it('holds an explanation and the mail, octet for octet, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
        const body = Buffer.from(octets)
        const { preamble, parts: found, end } = parts(wrapping(), body)
        expect(preamble).toBe('')
        expect(end).toBe('--\r\n')
        expect(found).toHaveLength(2)
        const inside = found[1]?.split('\r\n\r\n').slice(1).join('\r\n\r\n')
        expect(inside).toBe(`${head}${body.toString('latin1')}`)
      }),
    )
  })

  it('keeps TLS-Required: No (RFC 8689), and no other header field', () => {
    const text = head.replace('Subject:', 'TLS-Required: No\r\nX-Other: 1\r\nSubject:')
    const { header } = wrap(wrapping({}, text))
    expect(header.toString()).toMatch(/^TLS-Required: No\r$/m)
    expect(header.toString()).not.toContain('X-Other')
  })

  it('says that it needs the eighth bit, inside and outside', () => {
    const { header, parts: found } = parts(wrapping({ bits: '8bit' }), Buffer.from('Grüße\r\n'))
    expect(header.toString()).toContain('\r\nContent-Transfer-Encoding: 8bit\r\n')
    expect(found[1]).toContain('Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n')
  })

  it('is message/global where headers are UTF-8 (RFC 6532 3.7)', () => {
    const { parts: found } = parts(wrapping({ bits: 'utf8' }), Buffer.alloc(0))
    expect(found[1]).toContain('Content-Type: message/global\r\nContent-Transfer-Encoding: 8bit\r\n\r\n')
  })

  it('adds a missing date and repeats no field', () => {
    const text = 'From: ann@stranger.example\r\nDate: \r\nSubject: one\r\nSubject: two\r\n\r\n'
    const fields = readFields(wrap(wrapping({}, text)).header)
    expect(fieldsNamed(fields, 'date')[0]?.value).toBe('Sat, 21 Nov 2026 00:00:00 +0000')
    expect(fieldsNamed(fields, 'subject').map((field) => field.value)).toEqual(['one'])
    expect(fieldsNamed(fields, 'references')).toEqual([])
  })

  it('sends answers where the mail wants them, else to its author', () => {
    const answers = (text: string) => fieldsNamed(readFields(wrap(wrapping({}, text)).header), 'reply-to')
    const from = 'From: Ann <ann@stranger.example>\r\n'
    const desk = `${from}Reply-To: desk@stranger.example\r\n\r\n`
    expect(answers(desk).map((field) => field.value)).toEqual(['desk@stranger.example'])
    expect(answers(`${from}Reply-To:\r\n\r\n`).map((field) => field.value)).toEqual(['Ann <ann@stranger.example>'])
    expect(answers(`${from}\r\n`).map((field) => field.value)).toEqual(['Ann <ann@stranger.example>'])
  })

  it('keeps every hop and forward, so that a loop is found although it wraps each time', () => {
    const marked = `Delivered-To: <kim@example.org>\r\nX-Waypost-Forwarded: abc\r\n${head}`
    const fields = readFields(wrap(wrapping({}, marked)).header)
    expect(fieldsNamed(fields, 'received')).toHaveLength(2)
    expect(deliveredTo(fields, 'kim@example.org')).toBe(true)
    expect(fieldsNamed(fields, FORWARDED_FIELD).map((field) => field.value)).toEqual(['abc'])
  })
})
