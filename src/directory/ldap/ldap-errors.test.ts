import { BusyError, InvalidCredentialsError, SizeLimitExceededError, UnknownStatusCodeError } from 'ldapts'
import { describe, expect, it } from 'vitest'
import { describeLdapError, isRefusal, isRefusedLogin } from './ldap-errors.ts'

describe('errors of the LDAP library', () => {
  it.each([
    [new SizeLimitExceededError(), /^the server's size limit was exceeded/],
    [new InvalidCredentialsError('bad'), /^wrong credentials.*\(bad\)/],
    [new BusyError(), /^the server is busy/],
    [new UnknownStatusCodeError(10, 'ldap://other'), /^the server returned a referral/],
    [new UnknownStatusCodeError(99), /^LDAP result 99/],
  ])('result %s is described', (error, words) => {
    expect(isRefusal(error)).toBe(true)
    expect(describeLdapError(error)).toMatch(words)
    expect(describeLdapError(error)).not.toContain('Code: 0x')
  })

  it('of a bind concern the person, or the server', () => {
    for (const code of [19, 32, 34, 48, 49, 53]) expect(isRefusedLogin(new UnknownStatusCodeError(code))).toBe(true)
    for (const code of [1, 2, 8, 10, 13, 50, 51, 52, 80])
      expect(isRefusedLogin(new UnknownStatusCodeError(code))).toBe(false)
    expect(isRefusedLogin(new InvalidCredentialsError())).toBe(true)
    expect(isRefusedLogin(new Error('read ECONNRESET'))).toBe(false)
  })

  it.each([
    [new Error('Socket error. Message type\nread ECONNRESET'), 'read ECONNRESET'],
    [Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [new AggregateError([]), 'no connection'],
    ['odd', 'odd'],
  ])('%s of the network is described', (error, words) => {
    expect(isRefusal(error)).toBe(false)
    expect(describeLdapError(error)).toBe(words)
  })
})
