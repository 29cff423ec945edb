import { expect, it } from 'vitest'
import { whyRefused } from './password-rules.ts'

const judge = (password: string, changes = {}) =>
  whyRefused(
    {
      password,
      repeated: password,
      old: 'the old password',
      names: ['lee', 'lee.miller', 'example.org', 'Example'],
      ...changes,
    },
    { least: 12, mostOctets: 72 },
  )

it.each([
  'correct horse battery staple',
  'Rosen im August',
  'ein kurzer Satz über Bäume',
  '    spaces count    too',
  'kx7-wq2-zz9-mm4',
  '日本語のながいパスワード',
  'passwordless clouds',
])('accepts %s', (password) => expect(judge(password)).toBeNull())

it.each([
  ['short', /fewer than 12 characters/],
  ['aaaaaaaaaaaaaaaa', /different characters/],
  ['abababababababab', /different characters/],
  ['abcdefghijklmnop', /row of keys/],
  ['qwertyuiop12345678', /row of keys/],
  ['0987654321qwerty', /row of keys/],
  ['password12345678', /common password/],
  ['Password!Password!', /common password/],
  ['lee.miller-1234567', /a name/],
  ['example.org-l1', /a name/],
  ['Example2024example', null],
  ['the old password', /is the old one/],
  ['twelve\tcharacters', /control character/],
  ['x'.repeat(60) + ' ein Satz mit Umlauten äöü', /longer than 72 octets/],
])('judges %j', (password, reason) => {
  if (reason === null) expect(judge(password)).toBeNull()
  else expect(judge(password)).toMatch(reason)
})

it('refuses two that differ', () => {
  expect(judge('correct horse battery', { repeated: 'correct horse batter' })).toMatch(/differ/)
})
