// Never an open relay: for any forward-path of a stranger, mail leaves only to destinations in our data.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadDirectory } from '../directory/load-directory.ts'
import { memoryFiles } from '../directory/files/memory-files.ts'
import type { Origin } from '../smtp/origin.ts'
import { createRouter } from './router.ts'
import type { RouterSettings } from './router-settings.ts'

const mail = `domains: [example.org, caught.example]
alias_domains: { example.net: example.org, bücher.example: example.org }
aliases:
  press: kim
  '"odd name"@example.org': kim
forwards: { kim: kim@home.example.net }
transports: { lists.example.org: 'smtp:[list-01.example.org]:25' }
catch_all: { caught.example: press }
rewrites:
  - { pattern: '/^old-(.*)@example\\.org$/', to: '$1@lists.example.org' }
`
const scope = { facts: {}, certname: 'mx' }
const { directory } = loadDirectory(
  { mainDomain: 'example.org', mail: ['mail.yaml'], scope },
  memoryFiles({ 'mail.yaml': mail }),
)
if (!directory) throw new Error('no directory')
const snapshot = directory
const srs = { domain: 'srs.example.org', secrets: ['s'], reverse: true, rewrite: true }
const solo: RouterSettings = {
  forwards: 'resolve',
  own: 'resolve',
  relayFor: ['user', 'local'],
  srs,
  postmaster: 'kim@example.org',
}
const router = createRouter(solo, () => snapshot)

async function ask(
  forwardPath: string,
  origin: Origin = { kind: 'internet' },
  reversePath: string | null = 'a@far.example',
) {
  const answer = await router.resolve({ forwardPath, reversePath, origin, at: 1_577_836_860_000 })
  if (answer.kind === 'destinations')
    return answer.destinations.map((one) => `${one.recipient} ${one.nextHop}`).join(', ')
  return answer.kind === 'discard' ? 'discard' : `${answer.reply.code} ${answer.reply.enhanced}`
}

const kim = 'kim@home.example.net mx:home.example.net'

describe('a stranger', () => {
  it.each([
    ['a foreign domain', 'victim@far.example', '554 5.7.1'],
    ['one that ends like ours', 'victim@evil-example.org', '554 5.7.1'],
    ['one that begins like ours', 'press@example.org.far.example', '554 5.7.1'],
    ['a subdomain of ours that is not', 'press@sub.example.org', '554 5.7.1'],
    ['the world below us', 'press@org', '554 5.7.1'],
    ['the root', 'press@.', '553 5.1.3'],
    ['two last dots', 'press@example.org..', '553 5.1.3'],
    ['a percent hack', 'victim%far.example@example.org', '550 5.1.1'],
    ['a percent hack at a domain with a transport', 'victim%far.example@lists.example.org', '550 5.1.1'],
    ['a percent hack at a domain with a catch-all', 'victim%far.example@caught.example', '550 5.1.1'],
    ['a percent hack through a rewrite', 'old-victim%far.example@example.org', '550 5.1.1'],
    ['a bang path', 'far.example!victim@example.org', '550 5.1.1'],
    ['a bang path at a domain with a transport', 'far.example!victim@lists.example.org', '550 5.1.1'],
    ['a bang path without a domain', 'example.org!far.example!victim', '553 5.1.3'],
    ['a quoted @', '"victim@far.example"@example.org', '550 5.1.1'],
    ['a quoted @ at a domain with a transport', '"victim@far.example"@lists.example.org', '550 5.1.1'],
    ['a quoted @ at a domain with a catch-all', '"victim@far.example"@caught.example', '550 5.1.1'],
    ['a quoted @ through a rewrite', '"old-victim@far.example"@example.org', '550 5.1.1'],
    ['an escaped @', 'victim\\@far.example@example.org', '553 5.1.3'],
    ['two @', 'victim@far.example@example.org', '553 5.1.3'],
    ['two @, ours first', 'press@example.org@far.example', '553 5.1.3'],
    ['a source route', '@example.org:victim@far.example', '553 5.1.3'],
    ['a source route by two hosts', '@a.example,@example.org:victim@far.example', '553 5.1.3'],
    ['a source route with us at the end', '@far.example:press@example.org', '553 5.1.3'],
    ['our IP address', 'postmaster@[192.0.2.1]', '554 5.7.1'],
    ['an IPv6 literal', 'press@[IPv6:2001:db8::1]', '554 5.7.1'],
    ['an IP address without brackets', 'press@192.0.2.1', '554 5.7.1'],
    ['localhost', 'root@localhost', '554 5.7.1'],
    ['angle brackets inside', '<press@example.org>', '553 5.1.3'],
    ['a comment', 'press(x)@example.org', '553 5.1.3'],
    ['a line break', 'press@example.org\r\nRCPT TO:<victim@far.example>', '553 5.1.3'],
    ['a NUL', 'press\0@example.org', '553 5.1.3'],
    ['white space', 'press @example.org', '553 5.1.3'],
    ['nothing', '', '553 5.1.3'],
    ['no local part', '@example.org', '553 5.1.3'],
    ['no domain', 'press@', '553 5.1.3'],
    ['a full-width domain', 'press@ｅｘａｍｐｌｅ.org', '553 5.1.3'],
    ['a look-alike of our IDN', 'press@bucher.example', '554 5.7.1'],
    ['an SRS address of a foreign domain', 'SRS0=AAAA=2W=far.example=a@elsewhere.example', '554 5.7.1'],
    ['a made-up SRS address of ours', 'SRS0=AAAA=2W=victim.example=a@srs.example.org', '550 5.1.1'],
  ])('cannot relay with %s', async (_, address, expected) => expect(await ask(address)).toBe(expected))

  it.each([
    ['upper case', 'PRESS@EXAMPLE.ORG'],
    ['a last dot', 'press@example.org.'],
    ['our IDN as U-label', 'press@bücher.example'],
    ['our IDN in upper case', 'press@BÜCHER.example'],
    ['our IDN as A-label', 'press@XN--BCHER-KVA.example'],
    ['an odd name that we have', '"odd name"@example.org'],
    ['an alias domain', 'press@example.net'],
    ['a catch-all', 'anything@caught.example'],
  ])('reaches the destination of the data with %s', async (_, address) => expect(await ask(address)).toBe(kim))

  it('cannot guess an SRS address with the null sender', async () => {
    expect(await ask('SRS0=AAAA=2W=victim.example=a@srs.example.org', { kind: 'internet' }, null)).toBe('550 5.1.1')
  })

  it('cannot reach a transport of ours with another domain in the address', async () => {
    expect(await ask('old-dev@example.org')).toBe('dev@lists.example.org smtp:[list-01.example.org]:25')
  })

  it('with any forward-path reaches only hosts in the data', async () => {
    const pieces = fc.constantFrom(
      '@',
      '%',
      '!',
      ':',
      ',',
      '"',
      '\\',
      '.',
      '[',
      ']',
      ' ',
      '+',
      '=',
      'SRS0=',
      'press',
      'far.example',
      'example.org',
      'lists.example.org',
      'caught.example',
      'srs.example.org',
      'old-',
      'x',
    )
    const address = fc.array(pieces, { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          address,
          address.map((text) => `${text}@example.org`),
        ),
        fc.boolean(),
        async (text, isBounce) => {
          const request = {
            forwardPath: text,
            reversePath: isBounce ? null : 'a@far.example',
            origin: { kind: 'internet' as const },
            at: 0,
          }
          const answer = await router.resolve(request)
          if (answer.kind !== 'destinations') return
          for (const one of answer.destinations) {
            expect(['mx:home.example.net', 'smtp:[list-01.example.org]:25']).toContain(one.nextHop)
            expect(one.recipient).not.toMatch(/[%!].*@|@.*@/)
          }
        },
      ),
      { numRuns: 1500 },
    )
  })
})

describe('isOurs', () => {
  it.each([
    ['example.org', true],
    ['EXAMPLE.ORG.', true],
    ['bücher.example', true],
    ['lists.example.org', true],
    ['srs.example.org', true],
    ['sub.example.org', false],
    ['far.example', false],
    ['[192.0.2.1]', false],
    ['', false],
  ])('%s: %s', (domain, expected) => expect(router.isOurs(domain)).toBe(expected))
})

describe('origins that may relay', () => {
  it.each([
    ['victim@far.example', 'victim@far.example mx:far.example'],
    ['"odd name"@far.example', '"odd name"@far.example mx:far.example'],
    ['a@localhost', '550 5.1.2'],
    ['a@[127.0.0.1]', '550 5.1.2'],
    ['a@0x7f.1', '550 5.1.2'],
    ['a@127.1', '550 5.1.2'],
  ])('%s', async (address, expected) => expect(await ask(address, { kind: 'user', identity: 'kim' })).toBe(expected))
})
