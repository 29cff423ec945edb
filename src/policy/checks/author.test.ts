import { expect, test } from 'vitest'
import { mailFacts, runCheck } from '../../../test/lib/check-facts.ts'
import type { Origin } from '../../smtp/origin.ts'
import { authorCheck } from './author.ts'

const lee: Origin = { kind: 'user', identity: 'lee' }
const check = authorCheck(async (_, address) =>
  address.startsWith('lee@') ? { kind: 'yes', source: 'x:1' } : { kind: 'no', allowed: ['lee@example.org'] },
)
const verdict = async (header: string, origin: Origin = lee) =>
  (await runCheck(check, 'message', mailFacts(header, { origin }))).verdict

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
    'Subject: no author',
    'From: <lee@example.org',
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
