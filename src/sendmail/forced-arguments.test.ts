import { describe, expect, it } from 'vitest'
import { forcedArguments } from './forced-arguments.ts'
import { splitWords } from './split-words.ts'

describe('splitWords', () => {
  it.each([
    ['', []],
    ['  a  b ', ['a', 'b']],
    [`a 'b c' "d e"f`, ['a', 'b c', 'd ef']],
    [`-f '' a`, ['-f', '', 'a']],
    [String.raw`a\ b "c\"d" 'e\f' "g\h"`, ['a b', 'c"d', String.raw`e\f`, String.raw`g\h`]],
    ['$(id) `id` ; rm * | x', ['$(id)', '`id`', ';', 'rm', '*', '|', 'x']],
    [String.raw`a\\`, ['a\\']],
  ])('%j', (text, words) => expect(splitWords(text)).toEqual(words))

  it('an open quote is an error', () => expect(["'a", 'b "c'].map(splitWords)).toEqual([null, null]))
})

describe('forcedArguments', () => {
  const forced = ['--as', 'kim', '-i']

  it('without ssh are those of the command', () => {
    expect(forcedArguments(forced, undefined)).toMatchObject({ as: 'kim', ignoreDots: true, recipients: [] })
    expect(forcedArguments(['-t'], 'sendmail -bp')).toMatchObject({ mode: 'deliver', as: null, fromHeader: true })
  })

  it('get options and recipients of the ssh client', () => {
    const original = "/usr/sbin/sendmail -oem -oi -f kim@example.org -N never -- a@b.example 'c@d.example'"
    expect(forcedArguments(forced, original)).toMatchObject({
      mode: 'deliver',
      as: 'kim',
      sender: 'kim@example.org',
      ignoreDots: true,
      notify: ['NEVER'],
      recipients: ['a@b.example', 'c@d.example'],
    })
    expect(forcedArguments([...forced, '-t'], 'sendmail')).toMatchObject({ fromHeader: true, as: 'kim' })
  })

  it.each([
    'sendmail --as lee a',
    'sendmail -bs',
    'sendmail -bp',
    'sendmail -q',
    'sendmail -Z',
    "sendmail 'a",
    'x -bd',
  ])('refuse %s', (original) => expect(forcedArguments(forced, original).mode).toBe('wrong'))

  it('refuse another mode with a name', () =>
    expect(forcedArguments(['--as', 'kim', '-bs'], undefined).mode).toBe('wrong'))
})
