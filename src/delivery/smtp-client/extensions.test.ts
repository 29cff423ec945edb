// Replies to EHLO as real servers write them.

import { describe, expect, it } from 'vitest'
import { greetedName, noExtensions, readExtensions } from './extensions.ts'

const none = new Set<string>()

describe('extensions', () => {
  it('are read in upper and lower case, with their parameters', () => {
    const reply = '250-mx.example Hello\n250-SIZE 35882577\n250-8bitmime\n250-AUTH PLAIN\n250-Pipelining\n250 DSN'
    expect(readExtensions(reply, none)).toEqual({
      ...noExtensions,
      auth: new Set(['PLAIN']),
      size: 35882577,
      eightBitMime: true,
      pipelining: true,
      dsn: true,
    })
  })

  it('are not read from the first line, which names the server', () => {
    expect(readExtensions('250 PIPELINING', none)).toEqual(noExtensions)
    expect(readExtensions('250-STARTTLS DSN\n250 SIZE', none)).toEqual({ ...noExtensions, size: 0 })
  })

  it('may be discarded by keyword', () => {
    expect(readExtensions('250-x\n250-SMTPUTF8\n250 DSN', new Set(['DSN']))).toEqual({
      ...noExtensions,
      smtputf8: true,
    })
  })

  it('treat an invalid size as no limit', () => {
    for (const size of ['-1', 'big', '1e9', '9'.repeat(20)]) {
      expect(readExtensions(`250-x\n250 SIZE ${size}`, none).size).toBe(0)
    }
  })
})

it.each([
  ['220 MX.Example.org ESMTP ready', 'mx.example.org'],
  ['250-mx.example.org\n250 SIZE', 'mx.example.org'],
  ['220 [192.0.2.1] ready', '[192.0.2.1]'],
  ['220', null],
  ['220 ***** ready', null],
  [`220 ${'x'.repeat(300)}.example`, null],
])('the name of the server in %j is %j', (verbatim, name) => {
  expect(greetedName(verbatim)).toBe(name)
})
