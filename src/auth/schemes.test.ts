import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { md5Crypt } from './md5-crypt.ts'
import { hashableSchemes, hashPassword, matches } from './schemes.ts'
import { readStored, type StoredPassword } from './stored-password.ts'

function stored(text: string, weak = false): StoredPassword {
  const read = readStored(text, weak)
  if (read.kind === 'bad') throw new Error(read.problem)
  return read.stored
}

const problem = (text: string, weak = false) => {
  const read = readStored(text, weak)
  return read.kind === 'bad' ? read.problem : null
}

describe('hashPassword and matches', () => {
  it.each(hashableSchemes)('%s: the right password, and no other', (scheme) => {
    const password = 'Gr\u00fc\u00dfe, \u{1f511} & a rather long pass phrase with spaces '
    const hash = stored(hashPassword(scheme, password))
    expect(hash.scheme).toBe(scheme)
    expect(matches(hash, password)).toBe(true)
    for (const other of ['', password.trim(), password.toUpperCase(), `${password}x`.slice(1)])
      expect(matches(hash, other)).toBe(false)
  })

  it('salts: the same password twice is two hashes', () => {
    const hashes = ['SSHA512', 'SSHA512'].map(() => hashPassword('SSHA512', 'same'))
    expect(new Set(hashes).size).toBe(2)
  })
})

describe('known hashes of the password "test" or as given', () => {
  it.each([
    // crypt(3) of FreeBSD and glibc
    ['$1$etNnh7FA$2rsvhDRyiZ8bH8n1XvHJO/', 'password'],
    ['{MD5}$1$wmyrgRuV$kImF6.9MAFQNHe23kq5vI/', 'test'],
    // the specification of SHA-crypt
    ['$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', 'Hello world!'],
    [
      '$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.',
      'Hello world!',
    ],
    ['{BLF-CRYPT}$2y$05$11ipvo5dR6CwkzwmhwM26OXgzXwhV2PyPuLV.Qi31ILcRcThQpEiW', 'test'],
    ['{PBKDF2}$1$bUnT4Pl7yFtYX0KU$5000$50a83cafdc517b9f46519415e53c6a858908680a', 'test'],
    ['{SMD5}JTu1KRwptKZJg/RLd+6Vn5GUd0M=', 'test'],
    ['{SSHA}H/zrDv8FXUu1JmwvVYijfrYEF34jVZcO', 'test'],
    ['{SSHA.HEX}1ffceb0eff055d4bb5266c2f5588a37eb604177e23559 70e'.replace(' ', ''), 'test'],
  ])('%s', (hash, password) => {
    expect(matches(stored(hash), password)).toBe(true)
    expect(matches(stored(hash), `${password}x`)).toBe(false)
  })

  it('takes SCRAM-SHA-256 keys (RFC 7677 3)', () => {
    // StoredKey of the RFC's example: user, pencil.
    const hash =
      '{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU='
    expect(matches(stored(hash), 'pencil')).toBe(true)
    expect(matches(stored(hash), 'pencils')).toBe(false)
  })
})

describe('md5Crypt', () => {
  // Made with crypt(3) of glibc: that many `x`, the salt `saltsalt`.
  it.each([
    [0, '5Jhcit4zN9UlGiA0txPkO0'],
    [1, '4px9i58NU2Z2/vZOUlGjq.'],
    [7, 'H0SprQjrTAoBOHp.fPVQK.'],
    [8, 'AHKXwoLTTNISihxIBUPC9/'],
    [15, '2heMowpWsdqv5dFvsNwIX1'],
    [16, 'VAeOIBZkIkZ3oIWL3NWV51'],
    [17, 'Y9ypZFJoGoPCqgoCb6XXK0'],
    [31, 'UakFJKV9SFYJg/aki545p/'],
    [32, 'fvEQlmM4mEXIw74ny7Yu4/'],
    [33, 'OeHTEISkrBObtXUUAvfrp0'],
    [64, '9TVLegbaMrVghvGIRw6.n0'],
    [100, 'AomvFEJYtItwDZI8JetzY0'],
  ])('is right for a password of %i octets', (length, hash) => {
    expect(md5Crypt('x'.repeat(length), 'saltsalt')).toBe(`$1$saltsalt$${hash}`)
  })
})

describe('readStored', () => {
  it.each([
    ['', 'malformed CRYPT hash'],
    ['test', 'unknown crypt form'],
    ['{CRYPT}', 'malformed CRYPT hash'],
    ['{CRYPT}//EsnG9FLTKjo', 'the hash is DES, which no login can match here; set another password'],
    [
      '$y$j9T$F5Jx5fExrKuPp53xLKQ..1$xepEX7DgsiGhAJPJyekJSrQ8hX9NhEaSi66Ij4USOM2',
      'the hash is yescrypt, which no login can match here; set another password',
    ],
    ['{CRYPT}$7$CU..../....aaa$bbb', 'the hash is scrypt, which no login can match here; set another password'],
    ['{INVALID}x', 'unknown scheme INVALID'],
    ['{PLAIN}test', 'scheme PLAIN is weak and not switched on'],
    ['{SHA256}n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=', 'scheme SHA256 is weak and not switched on'],
    ['{SSHA}', 'malformed SSHA hash'],
    ['{SSHA}H/zrDv8FXUu1JmwvVYijfrYEF34=', 'malformed SSHA hash'],
    ['{SSHA}****', 'malformed SSHA hash'],
    ['{BLF-CRYPT}$1$wmyrgRuV$kImF6.9MAFQNHe23kq5vI/', 'the value is no BLF-CRYPT'],
    ['$2y$03$11ipvo5dR6CwkzwmhwM26OXgzXwhV2PyPuLV.Qi31ILcRcThQpEiW', 'bcrypt cost 3 is not between 4 and 17'],
    ['$2y$31$11ipvo5dR6CwkzwmhwM26OXgzXwhV2PyPuLV.Qi31ILcRcThQpEiW', 'bcrypt cost 31 is not between 4 and 17'],
    [
      '$2x$05$11ipvo5dR6CwkzwmhwM26OXgzXwhV2PyPuLV.Qi31ILcRcThQpEiW',
      'the hash is bcrypt of the form $2x$, which no login can match here; set another password',
    ],
    ['$6$salt$short', 'malformed CRYPT hash'],
    [`$6$rounds=999999999$salt$${'a'.repeat(86)}`, '999999999 rounds are more than 10000000'],
    [
      '{ARGON2ID}$argon2id$v=19$m=99999999,t=3,p=1$vBb99oJ12p3WAdYlaMHz1A$jtFOtbo/sYV9OSlTxDo',
      'malformed ARGON2ID hash',
    ],
    ['{ARGON2ID}$argon2id$v=19$m=8,t=3,p=2$vBb99oJ12p3WAdYlaMHz1A$jtFOtbo/sYV9OSlTxDo', 'malformed ARGON2ID hash'],
    ['{PBKDF2}$1$salt$0$50a83cafdc517b9f46519415e53c6a858908680a', 'malformed PBKDF2 hash'],
    ['{SCRAM-SHA-256}4096,x,y,z', 'malformed SCRAM-SHA-256 hash'],
    ['!', 'the password is locked'],
    ['{CRYPT}*', 'the password is locked'],
  ])('%s: %s', (text, expected) => {
    expect(problem(text)).toBe(expected)
  })

  it('reads weak schemes only where they are switched on', () => {
    for (const text of [
      '{PLAIN}test',
      '{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=',
      '{PLAIN-MD5}098f6bcd4621d373cade4e832627b4f6',
    ]) {
      expect(problem(text)).toMatch(/weak/)
      expect(matches(stored(text, true), 'test')).toBe(true)
      expect(matches(stored(text, true), 'Test')).toBe(false)
    }
    expect(problem('{PLAIN}', true)).toBe('empty password')
  })

  it('never throws, and what it reads can be judged without a throw', () => {
    const scheme = fc.constantFrom(
      '',
      '{SSHA}',
      '{SMD5}',
      '{CRYPT}',
      '{PBKDF2}',
      '{SHA256-CRYPT}',
      '{ARGON2}',
      '{PLAIN}',
    )
    const value = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.constantFrom('$1$', '$5$rounds=5$x$', '$6$a$', '$2y$04$', '$argon2id$v=19$m=8,t=1,p=1$'),
    )
    fc.assert(
      fc.property(scheme, value, fc.string(), (start, end, tail) => {
        const read = readStored(start + end + tail, true)
        if (read.kind === 'read') matches(read.stored, 'password')
      }),
    )
  })
})
