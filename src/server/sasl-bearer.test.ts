import { describe, expect, it } from 'vitest'
import { decodeOauthBearer, decodeXoauth2 } from './sasl-bearer.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const oauth = (text: string) => decodeOauthBearer(base64(text.replaceAll('^', '\u0001')))
const xoauth = (text: string) => decodeXoauth2(base64(text.replaceAll('^', '\u0001')))

describe('OAUTHBEARER', () => {
  it('is read as in the example of RFC 7628 4.1', () => {
    const text =
      'n,a=user@example.com,^host=server.example.com^port=143^auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==^^'
    expect(oauth(text)).toEqual({
      kind: 'bearer',
      user: 'user@example.com',
      token: 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==',
    })
  })

  it.each([
    ['n,,^auth=bearer a.b-c_d^^', null],
    ['y,a=a=2Cb=3Dc,^auth=Bearer x^^', 'a,b=c'],
  ])('%s has the user %s', (text, user) => {
    expect(oauth(text)).toMatchObject({ kind: 'bearer', user })
  })

  it.each([
    '',
    'n,,^auth=Bearer x',
    'n,,^auth=Bearer x^',
    'n,,^auth=Basic x^^',
    'n,,^auth=Bearer x^auth=Bearer y^^',
    'n,,^auth=Bearer a b^^',
    'p=tls-exporter,,^auth=Bearer x^^',
    'n,a=x\u0000y,^auth=Bearer x^^',
    `n,a=${'x'.repeat(400)},^auth=Bearer x^^`,
    `n,,^auth=Bearer ${'x'.repeat(9000)}^^`,
  ])('%j is malformed', (text) => {
    expect(oauth(text).kind).toBe('malformed')
  })
})

describe('XOAUTH2', () => {
  it('has a user and a token', () => {
    expect(xoauth('user=lee@example.org^auth=Bearer ya29.x^^')).toEqual({
      kind: 'bearer',
      user: 'lee@example.org',
      token: 'ya29.x',
    })
  })

  it.each(['', 'auth=Bearer x^^', 'user=^auth=Bearer x^^', 'user=a^auth=Bearer x', 'user=a^^'])(
    '%j is malformed',
    (text) => {
      expect(xoauth(text).kind).toBe('malformed')
    },
  )

  it('needs base64', () => {
    expect([decodeXoauth2('no base64').kind, decodeOauthBearer('no base64').kind]).toEqual(['malformed', 'malformed'])
  })
})
