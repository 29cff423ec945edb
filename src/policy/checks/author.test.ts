import { describe, expect, test } from 'vitest'
import { mailFacts, runCheck } from '../../../test/lib/check-facts.ts'
import type { SendAs } from '../../route/resolution.ts'
import type { Origin } from '../../smtp/origin.ts'
import { authorCheck } from './author.ts'
import type { AuthorSettings } from './author.ts'

const lee: Origin = { kind: 'user', identity: 'lee' }
const settings: AuthorSettings = {
  maySendAs: async (_, address): Promise<SendAs> => {
    if (address.startsWith('later@')) return { kind: 'unavailable', cause: 'LDAP is down' }
    const isOwn = /^lee(?:\+\w+)?@/.test(address)
    return isOwn ? { kind: 'yes', source: 'x:1' } : { kind: 'no', allowed: ['lee@example.org'] }
  },
  senderFields: 'strip',
  displayNames: 'strip',
}

const find = (header: string, change: Partial<AuthorSettings> = {}, origin: Origin = lee) =>
  runCheck(authorCheck({ ...settings, ...change }), 'message', mailFacts(header, { origin }))
const verdict = async (header: string, origin: Origin = lee) => (await find(header, {}, origin)).verdict

/** The edits as text: removed names, then inserted fields. */
async function edits(header: string, change: Partial<AuthorSettings> = {}): Promise<readonly string[]> {
  const { verdict: found, fields } = await find(header, change)
  expect(found.kind).toBe('accept')
  if (!fields) return []
  const lines = (fields.insert?.toString() ?? '').split('\r\n').filter(Boolean)
  return [...fields.remove.map((name) => `- ${name}`), ...lines.map((line) => `+ ${line}`)]
}

test('every address of From: must belong to the user', async () => {
  expect((await verdict('From: Lee <lee@example.org>')).kind).toBe('accept')
  expect(await verdict('From: lee@example.org, gina@example.org')).toMatchObject({
    reply: { code: 553, enhanced: '5.7.1' },
  })
  expect(await verdict('From: "lee@example.org" <gina@example.org>')).toMatchObject({ reply: { code: 553 } })
})

test('two From: fields, none, or an unreadable one are refused', async () => {
  for (const header of [
    'From: lee@example.org\nFrom: gina@example.org',
    'From: Lee [HR] <lee@example.org>\nFrom: gina@example.org',
    'Subject: no author',
    'From: <lee@example.org',
    'From: Lee [HR] lee@example.org>',
    'From: Lee <lee@example.org> <gina@example.org>',
  ])
    expect(await verdict(header)).toMatchObject({ kind: 'reject', reply: { code: 550, enhanced: '5.6.0' } })
})

test('more than 20 addresses in From: are refused', async () => {
  const crowd = Array.from({ length: 21 }, (_, i) => `lee@d${i}.example`).join(', ')
  expect(await verdict(`From: ${crowd}`)).toMatchObject({ reply: { code: 550 } })
})

test('mail from the internet is not checked', async () => {
  expect((await verdict('From: eve@example.org', { kind: 'internet' })).kind).toBe('accept')
})

test('a message without a fault is not edited', async () => {
  for (const from of ['Lee <lee@example.org>', '"Doe, Lee" <lee@example.org>', 'lee@example.org (Sales)'])
    expect(await edits(`From: ${from}\nSender: lee+x@example.org`)).toEqual([])
})

describe('a name that people write without quotes', () => {
  test.each([
    ['Lee [HR] <lee@example.org>', '"Lee [HR]" <lee@example.org>'],
    ['Doe, Lee <lee@example.org>', '"Doe, Lee" <lee@example.org>'],
    ['lee@example.org <lee@example.org>', '"lee@example.org" <lee@example.org>'],
    ['Löw, Lee <lee@example.org>', '=?utf-8?B?TMO2dywgTGVl?= <lee@example.org>'],
  ])('%s is accepted and written with quotes, so that it can be signed', async (from, written) => {
    expect(await edits(`From: ${from}`)).toEqual(['- from', `+ From: ${written}`])
  })

  test('does not open a way to other addresses', async () => {
    expect(await verdict('From: Doe, Gina <gina@example.org>')).toMatchObject({ reply: { code: 553 } })
    expect(await verdict('From: later@example.org [HR] <lee@example.org>')).toMatchObject({ reply: { code: 451 } })
  })
})

describe('the address of another in a name', () => {
  test.each([
    ['"gina@example.org" <lee@example.org>', '"gina at example.org" <lee@example.org>'],
    ['gina@example.org <lee@example.org>', '"gina at example.org" <lee@example.org>'],
    [
      '"Ann <ann@stranger.example> via form" <lee@example.org>',
      '"Ann <ann at stranger.example> via form" <lee@example.org>',
    ],
    ['=?utf-8?q?gina=40example=2Eorg?= <lee@example.org>', '"gina at example.org" <lee@example.org>'],
    ['lee@example.org (gina@example.org)', '<lee@example.org>'],
    ['"gina@example.org" <lee@example.org>, lee@example.net', '<lee@example.org>, <lee@example.net>'],
  ])('%s is stripped', async (from, written) => {
    expect(await edits(`From: ${from}`)).toEqual(['- from', `+ From: ${written}`])
  })

  test('is refused, or left, by configuration', async () => {
    const header = 'From: "gina@example.org" <lee@example.org>'
    expect((await find(header, { displayNames: 'refuse' })).verdict).toMatchObject({ reply: { code: 553 } })
    expect(await edits(header, { displayNames: 'allow' })).toEqual([])
  })

  test('is no address of another if it is an own one', async () => {
    expect(await edits('From: "lee+news@example.org" <lee@example.org>')).toEqual([])
    expect(await edits('From: "Lee@Home" <lee@example.org>')).toEqual([])
  })

  test('waits for a source that cannot answer', async () => {
    expect(await verdict('From: "later@example.org" <lee@example.org>')).toMatchObject({ reply: { code: 451 } })
  })

  test('is not looked up without limit', async () => {
    const crowd = Array.from({ length: 300 }, (_, i) => `x${i}@example.org`).join(' ')
    let asked = 0
    const maySendAs: AuthorSettings['maySendAs'] = (...args) => (asked++, settings.maySendAs(...args))
    expect(await edits(`From: "${crowd}" <lee@example.org>`, { maySendAs })).toHaveLength(2)
    expect(asked).toBeLessThan(30)
  })
})

describe('Sender: and the fields of a resent message', () => {
  const from = 'From: lee@example.org'

  test('of others are stripped', async () => {
    expect(await edits(`${from}\nSender: gina@example.org`)).toEqual(['- sender'])
    expect(await edits(`${from}\nSender: "lee@example.org" <gina@example.org>`)).toEqual(['- sender'])
    expect(await edits(`${from}\nSender: lee@example.org\nSender: gina@example.org`)).toEqual(['- sender'])
    expect(await edits(`${from}\nSender: nonsense`)).toEqual(['- sender'])
    expect(await edits(`${from}\nSender: Gina [HR] <gina@example.org`)).toEqual(['- sender'])
  })

  test('of a resent block are stripped together', async () => {
    const block =
      'Resent-From: gina@example.org\nResent-To: ann@stranger.example\nResent-Date: x\nResent-Message-ID: <1@x>'
    const names = ['resent-from', 'resent-to', 'resent-date', 'resent-message-id']
    expect(await edits(`${block}\n${from}`)).toEqual(names.map((name) => `- ${name}`))
    const bySender = 'Resent-Sender: gina@example.org\nResent-From: lee@example.org'
    expect(await edits(`${bySender}\n${from}`)).toEqual(['- resent-sender', '- resent-from'])
  })

  test('of the user stay', async () => {
    const own = 'Sender: lee@example.org\nResent-From: Lee <lee+x@example.org>\nResent-Sender: lee@example.org'
    expect(await edits(`${own}\n${from}`)).toEqual([])
  })

  test('of others are refused by configuration', async () => {
    for (const field of [
      'Sender: gina@example.org',
      'Resent-From: gina@example.org',
      'Resent-Sender: gina@example.org',
    ])
      expect((await find(`${field}\n${from}`, { senderFields: 'refuse' })).verdict).toMatchObject({
        reply: { code: 553, enhanced: '5.7.1' },
      })
    expect((await find(`Sender: nonsense\n${from}`, { senderFields: 'refuse' })).verdict).toMatchObject({
      reply: { code: 550 },
    })
  })

  test('wait for a source that cannot answer', async () => {
    expect(await verdict(`${from}\nSender: later@example.org`)).toMatchObject({ reply: { code: 451 } })
  })

  test('several authors keep a Sender: (RFC 5322 3.6.2)', async () => {
    expect(await edits('From: lee@example.org, lee@example.net\nSender: gina@example.org')).toEqual([
      '- sender',
      '+ Sender: <lee@example.org>',
    ])
  })
})

test('what was changed is in the ledger', async () => {
  const { events } = await find('From: "gina@example.org" <lee@example.org>\nSender: gina@example.org')
  expect(events).toMatchObject([
    {
      check: 'author',
      result: 'repaired',
      detail:
        'From: now "gina at example.org" <lee@example.org> (its name contains gina@example.org); sender removed (gina@example.org)',
    },
  ])
})
