// The DNS and the host as a receiver sees them: each broken record is named.

import { generateKeyPairSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { fakeResolver, type Zone } from '../../../test/lib/fake-resolver.ts'
import { contentOf } from '../../../test/lib/message.ts'
import type { DkimKey } from '../../dkim/key.ts'
import { keyRecord } from '../../dkim/key-record.ts'
import { createSigner } from '../../dkim/sign.ts'
import { createAuthenticator } from '../../filter/verify-message.ts'
import { systemClock } from '../../lib/clock.ts'
import { type HostLint, lintHost } from './sender-host.ts'

const { privateKey } = generateKeyPairSync('ed25519')
const key: DkimKey = {
  domain: 'example.org',
  selector: 'ed',
  algorithm: 'ed25519-sha256',
  privateKey,
  stage: 'active',
  since: null,
  file: '',
}
const published = keyRecord(key)
const hostname = 'out.example.org'
const good: Zone = {
  'out.example.org A': ['192.0.2.7'],
  '7.2.0.192.in-addr.arpa PTR': ['out.example.org'],
  'example.org TXT': ['v=spf1 a:out.example.org -all'],
  '_dmarc.example.org TXT': ['v=DMARC1; p=none'],
  [`${published.name} TXT`]: [published.chunks.join('')],
}

async function lint(zone: Zone, change: Partial<HostLint> = {}, keys = [key]) {
  const resolver = fakeResolver(zone)
  const content = contentOf({
    header: Buffer.from(
      'From: press@example.org\r\nDate: Sun, 29 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\n',
    ),
    body: Buffer.from('Hello\r\n'),
  })
  const sent = {
    hostname,
    sender: 'press@example.org',
    fromDomain: 'example.org',
    content,
    now: Date.UTC(2026, 10, 29),
    ...change,
  }
  const authenticator = createAuthenticator({ clock: systemClock, resolver })
  const signer = createSigner({ keys, parents: [] })
  const found = await lintHost(sent, { resolver, authenticator, signer, clock: systemClock })
  return found.map(({ rule, text }) => `${rule}: ${text}`)
}

it('finds nothing where all records are right', async () => expect(await lint(good)).toEqual([]))

it.each([
  ['out.example.org A', 'host-name: out.example.org does not exist: SPF and the name of the host cannot be judged'],
  [
    '7.2.0.192.in-addr.arpa PTR',
    'host-name: 192.0.2.7 of out.example.org has no name that leads back to it (PTR record)',
  ],
  ['example.org TXT', 'spf-aligned: SPF of example.org does not pass for 192.0.2.7: none'],
  ['_dmarc.example.org TXT', 'dmarc-record: example.org has no DMARC record, expected at least p=none'],
])('names a missing %s', async (name, text) => {
  expect(await lint({ ...good, [name]: undefined })).toContain(text)
})

it('names a key that is not published, and a domain without a key', async () => {
  const [unpublished] = await lint({ ...good, [`${published.name} TXT`]: undefined })
  expect(unpublished).toMatch(/^dkim-aligned: no valid signature of the author's domain: ed of example\.org: /)
  expect(await lint(good, {}, [])).toEqual([
    "dkim-aligned: no valid signature of the author's domain: no key signs for example.org",
  ])
})

it('names an address that SPF does not have, once for all rules of the host', async () => {
  const zone = {
    ...good,
    'out.example.org AAAA': ['2001:db8::7'],
    'example.org TXT': ['v=spf1 ip4:192.0.2.7 -all'],
    [`7.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa PTR`]: ['out.example.org'],
  }
  expect(await lint(zone)).toEqual(['spf-aligned: SPF of example.org does not pass for 2001:db8::7: fail'])
})

it('names a reverse-path of another domain', async () => {
  const zone = { ...good, 'bulk.example.net TXT': ['v=spf1 ip4:192.0.2.7 -all'] }
  expect(await lint(zone, { sender: 'bounce@bulk.example.net' })).toEqual([
    'spf-aligned: SPF passes for bulk.example.net, which is not a domain of the author (example.org)',
  ])
})

it('names a failed look-up', async () => {
  expect(await lint({ ...good, 'out.example.org A': 'unavailable' })).toEqual([
    'host-name: out.example.org cannot be looked up (SERVFAIL): SPF and the name of the host cannot be judged',
  ])
})
