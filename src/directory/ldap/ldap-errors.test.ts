import { BusyError, InvalidCredentialsError, SizeLimitExceededError, UnknownStatusCodeError } from 'ldapts'
import { describe, expect, it } from 'vitest'
import { describeLdapError, isRefusal } from './ldap-errors.ts'

describe('errors of the LDAP library', () => {
  it.each([
    [new SizeLimitExceededError(), /^the server's size limit was exceeded/],
    [new InvalidCredentialsError('bad'), /^wrong credentials.*\(bad\)/],
    [new BusyError(), /^the server is busy/],
    [new UnknownStatusCodeError(10, 'ldap://other'), /^the server refers to another one/],
    [new UnknownStatusCodeError(99), /^LDAP result 99/],
  ])('%s is what the server said', (error, words) => {
    expect(isRefusal(error)).toBe(true)
    expect(describeLdapError(error)).toMatch(words)
    expect(describeLdapError(error)).not.toContain('Code: 0x')
  })

  it.each([
    [new Error('Socket error. Message type\nread ECONNRESET'), 'read ECONNRESET'],
    [Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [new AggregateError([]), 'no connection'],
    ['odd', 'odd'],
  ])('%s is the network', (error, words) => {
    expect(isRefusal(error)).toBe(false)
    expect(describeLdapError(error)).toBe(words)
  })
})
