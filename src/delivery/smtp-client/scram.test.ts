// The client side of SCRAM-SHA-256: the example of RFC 7677 section 3, and servers that violate the protocol.

import { describe, expect, it } from 'vitest'
import { scramFinal, scramFirst, isServerProven } from './scram.ts'

const credentials = { user: 'user', password: 'pencil' }
const nonce = 'rOprNGfwEbeRWgbNEkqO'
const serverFirst = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'

describe('SCRAM-SHA-256', () => {
  it('sends the messages of the example in RFC 7677', async () => {
    expect(scramFirst('user', nonce)).toBe('n,,n=user,r=rOprNGfwEbeRWgbNEkqO')
    const final = await scramFinal(credentials, nonce, serverFirst)
    expect(final).toEqual({
      kind: 'final',
      message:
        'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
      expected: '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    })
  })

  it('accepts only a server that knows the password', () => {
    const right = '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='
    expect(isServerProven(`v=${right}`, right)).toBe(true)
    expect(isServerProven('v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=', right)).toBe(false)
    expect(isServerProven('e=other-error', right)).toBe(false)
    expect(isServerProven('', right)).toBe(false)
  })

  it.each([
    ['the nonce of another exchange', 'r=somethingelse,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'],
    ['the client nonce alone', `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
    ['too few iterations', `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1`],
    ['too many iterations', `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=9999999`],
    ['no salt', `r=${nonce}x,i=4096`],
    ['nothing', ''],
  ])('refuses %s', async (_, text) => {
    expect((await scramFinal(credentials, nonce, text)).kind).toBe('invalid')
  })

  it('escapes separators of attributes', () => {
    expect(scramFirst('a=b,c', 'n')).toBe('n,,n=a=3Db=2Cc,r=n')
  })
})
