import fc from 'fast-check'
import { expect, it } from 'vitest'
import { findAddresses, rewriteAddresses } from './rewrite-addresses.ts'

const mark = (value: string) => rewriteAddresses(value, (address) => `{${address}}`)

it.each([
  ['root', '{root}'],
  ['root (Cron Daemon)', '{root} (Cron Daemon)'],
  ['(a (nested) comment) root@web', '(a (nested) comment) {root@web}'],
  ['"Cron, Daemon" <root>', '"Cron, Daemon" <{root}>'],
  ['Cron Daemon <root@web-01>, kim', 'Cron Daemon <{root@web-01}>, {kim}'],
  ['"a b"@web, "x@y"@[192.0.2.1]', '{"a b"@web}, {"x@y"@[192.0.2.1]}'],
  ['Team: a, b <c@d>; e', 'Team: {a}, b <{c@d}>; {e}'],
  ['undisclosed-recipients:;', 'undisclosed-recipients:;'],
  ['< root >', '< {root} >'],
  ['=?utf-8?q?Kim?= <kim>', '=?utf-8?q?Kim?= <{kim}>'],
])('finds the addresses of %s', (value, marked) => expect(mark(value)).toBe(marked))

it.each([
  '',
  '<>',
  'Kim Example',
  '=?utf-8?q?Kim?=',
  '<@relay.example:kim@example.org>',
  'a <b',
  'a> b',
  'a <b <c>>',
  '<,>',
  '<a;b@c.example>',
  '<a:b@c.example>, root',
  '<@a.example,@b.example:c@d.example>',
  '(open',
  '"open <a@b>',
  '[1',
])('leaves %j', (value) => expect(mark(value)).toBe(value))

it('changes nothing but addresses, in any text', () => {
  const piece = fc.constantFrom(
    'a',
    'b@c.d',
    '<',
    '>',
    ',',
    ';',
    ':',
    '(',
    ')',
    '"',
    '\\',
    '[',
    ']',
    ' ',
    '\t',
    'é',
    '@',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const value = pieces.join('')
      expect(rewriteAddresses(value, (address) => address)).toBe(value)
      // What is found is in the text, in order, without brackets and commas outside of quotes.
      const found = findAddresses(value)
      expect(found.every((one) => one !== '' && value.includes(one) && !/^[<,>]|[<,>]$/.test(one))).toBe(true)
    }),
  )
})
