// Replies to EHLO as real servers write them.

import { describe, expect, it } from 'vitest'
import { noExtensions, readExtensions } from './extensions.ts'

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
