import { describe, expect, it } from 'vitest'
import { parseArguments } from './parse-arguments.ts'

const parsed = (line: string) => parseArguments(line.split(' ').filter((word) => word !== ''))

describe('the command lines of known callers', () => {
  it.each([
    ['PHP', '-t -i', { fromHeader: true, ignoreDots: true }],
    [
      'cron (Debian)',
      '-i -FCronDaemon -B8BITMIME -oem root',
      { ignoreDots: true, fullName: 'CronDaemon', recipients: ['root'] },
    ],
    [
      'cron (cronie)',
      '-FCronDaemon -i -odi -oem -oi -t -f root',
      { sender: 'root', fromHeader: true, ignoreDots: true },
    ],
    ['git send-email', '-i kim@example.org', { ignoreDots: true, recipients: ['kim@example.org'] }],
    [
      's-nail',
      '-i -f me@example.org -- kim@example.org',
      { sender: 'me@example.org', recipients: ['kim@example.org'] },
    ],
    [
      'mutt',
      '-oem -oi -f me@example.org -N failure,delay -R hdrs -- kim',
      { notify: ['FAILURE', 'DELAY'], ret: 'HDRS' },
    ],
    ['MIME::Lite', '-t -oi -oem', { fromHeader: true, ignoreDots: true }],
    ['Email::Sender', '-i -f me@example.org a@b.example c@d.example', { recipients: ['a@b.example', 'c@d.example'] }],
    ['Python', '-t -oi', { fromHeader: true, ignoreDots: true }],
    ['smartd, logwatch', '-t', { fromHeader: true, ignoreDots: false }],
  ])('%s: sendmail %s', (_caller, line, expected) => {
    expect(parsed(line)).toMatchObject({ mode: 'deliver', as: null, ...expected })
  })
})

describe('options', () => {
  it.each([
    ['-fuser@host a', { sender: 'user@host' }],
    ['-f user@host a', { sender: 'user@host' }],
    ['-r user@host a', { sender: 'user@host' }],
    ['-f <> a', { sender: null }],
    ['-f <user@host.example> a', { sender: 'user@host.example' }],
    ['-tiv', { fromHeader: true, ignoreDots: true, verbose: true }],
    ['-tf root', { fromHeader: true, sender: 'root' }],
    ['-o i a', { ignoreDots: true }],
    ['-O IgnoreDots=true a', { ignoreDots: true }],
    ['-N never -R FULL -V id-7 a', { notify: ['NEVER'], ret: 'FULL', envid: 'id-7' }],
    ['-odq -om -o7 -Am -B 8BITMIME -C /etc/x.cf -h 3 -L tag -p smtp -X /tmp/log -G -n -U -bm a', { recipients: ['a'] }],
    ['--as kim a', { as: 'kim' }],
    ['--as=kim@example.org -t', { as: 'kim@example.org', fromHeader: true }],
    ['-- a', { recipients: ['a'] }],
    ['a,b@c.example', { recipients: ['a', 'b@c.example'] }],
  ])('%s', (line, expected) => expect(parsed(line)).toMatchObject({ mode: 'deliver', ...expected }))

  it('reads an empty sender and a list of named recipients', () => {
    expect(parseArguments(['-f', '', 'Kim <kim@a.example>, lee'])).toMatchObject({
      sender: null,
      recipients: ['kim@a.example', 'lee'],
    })
  })

  it.each([
    ['-bp', 'queue'],
    ['-bs', 'smtp'],
    ['-bi', 'aliases'],
    ['-I', 'aliases'],
    ['-q', 'flush'],
    ['-q30m', 'flush'],
  ])('%s is the mode %s', (line, mode) => expect(parsed(line)).toMatchObject({ mode }))

  it('ends at the first recipient: what a web form passes is no option', () => {
    expect(parsed('kim@example.org -bp')).toMatchObject({ mode: 'wrong' })
    expect(parsed('-- -fliar@example.org')).toMatchObject({ mode: 'wrong' })
  })

  it.each([
    '-bd',
    '-bD',
    '-bv a',
    '-bt',
    '-b',
    '-Z a',
    '--help-me',
    '--as',
    '--as -t',
    '-f',
    '-f a@b@',
    '-f a,b c',
    '-N sometimes a',
    '-N never,success a',
    '-R some a',
    '-V \u0007 a',
    '<>',
    'a@b..c',
    'a@',
  ])('refuses %s, or reads it as an address', (line) => {
    const result = parsed(line)
    if (line === 'a@') expect(result).toMatchObject({ recipients: ['a@'] })
    else expect(result.mode).toBe('wrong')
  })
})
