// What Active Directory does differently, with a real LDAP server: addresses with a type in proxyAddresses, and search references in
// every answer.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createLdapLive } from '../../src/directory/ldap/ldap-live.ts'
import type { LdapLiveSettings } from '../../src/directory/ldap/ldap-live.ts'
import { createLdapMirror } from '../../src/directory/ldap/ldap-mirror.ts'
import type { LiveSource } from '../../src/directory/live-source.ts'
import type { Fetched } from '../../src/directory/snapshots/mirror-source.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { PEOPLE, personDn, READER, type Slapd, startSlapd } from '../lib/peers/slapd.ts'

const base: LdapLiveSettings = {
  urls: [],
  startTls: false,
  tls: { ca: null, certificate: null, key: null },
  bind: { kind: 'simple', ...READER },
  timeoutMs: 1000,
  connections: 3,
  users: {
    base: PEOPLE,
    filter: '(objectClass=mailPerson)',
    attributes: {
      user: 'uid',
      addresses: ['mail', 'proxyAddresses'],
      forward: 'emailForward',
      password: 'mailPassword',
    },
  },
  aliases: null,
  isOwn: (address) => address.toLowerCase().endsWith('@example.org'),
  referrals: 'refuse',
  mainDomain: 'example.org',
  domains: new Set(['example.org']),
  passwords: 'hash',
}

const open: { close(): Promise<void> | void }[] = []

afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

describe.runIf(ensurePeers(['slapd', 'ldap-utils']))('a directory like Active Directory', () => {
  let slapd: Slapd

  const live = (settings: Partial<LdapLiveSettings> = {}): LiveSource => {
    const source = createLdapLive({ ...base, urls: [slapd.url], ...settings }, systemClock)
    open.push(source)
    return source
  }
  const mirrored = (settings: Partial<LdapLiveSettings> = {}): Promise<Fetched> => {
    const source = createLdapMirror({ ...base, urls: [slapd.url], ...settings }, systemClock)
    open.push(source)
    return source.fetch(new AbortController().signal)
  }
  /** An entry in the people's tree that points to another server. */
  const withReference = async (dn: string, work: () => Promise<void>) => {
    const [, attribute = '', value = ''] = /^(\w+)=([^,]+)/.exec(dn) ?? []
    slapd.modify(
      `dn: ${dn}\nchangetype: add\nobjectClass: referral\nobjectClass: extensibleObject\n${attribute}: ${value}\nref: ldap://other.example.org/${dn}\n`,
    )
    try {
      await work()
    } finally {
      // With manageDSAit, because ldapdelete would follow the referral.
      slapd.modify(`dn: ${dn}\ncontrol: 2.16.840.1.113730.3.4.2 true\nchangetype: delete\n`)
    }
  }

  beforeAll(async () => {
    slapd = await startSlapd()
    slapd.addPeople([
      {
        uid: 'kim',
        forward: ['SMTP:kim@home.example.net'],
        password: '{SSHA}abc',
        proxyAddresses: [
          'SMTP:Kim.Primary@example.org',
          'smtp:kim.second@example.org',
          'sip:kim.sip@example.org',
          'X500:/o=Example/cn=kim.x500@example.org',
        ],
      },
      { uid: 'lee' },
    ])
  })

  afterAll(() => slapd.close())

  it('has the addresses of proxyAddresses, in live and in mirror mode', async () => {
    const source = live()
    for (const name of ['kim', 'kim.primary', 'kim.second'])
      expect(await source.address(`${name}@example.org`), name).toMatchObject({
        kind: 'found',
        value: { user: { name: 'kim' }, forward: { targets: [{ local: 'kim', domain: 'home.example.net' }] } },
      })
    for (const name of ['kim.sip', 'kim.x500', 'smtp'])
      expect(await source.address(`${name}@example.org`), name).toEqual({ kind: 'absent' })
    expect(await source.user('kim')).toMatchObject({
      value: { addresses: [{ local: 'kim' }, { local: 'Kim.Primary' }, { local: 'kim.second' }] },
    })
    expect(await mirrored()).toMatchObject({
      kind: 'whole',
      content: {
        users: expect.arrayContaining([
          expect.objectContaining({
            name: 'kim',
            addresses: ['kim', 'Kim.Primary@example.org', 'kim.second@example.org'],
            source: personDn('kim'),
          }),
        ]),
      },
    })
  })

  it('answers about those it knows where it refers to another server for others', async () => {
    await withReference(`ou=elsewhere,${PEOPLE}`, async () => {
      const source = live()
      expect(await source.address('kim@example.org')).toMatchObject({ kind: 'found' })
      expect(await source.user('kim')).toMatchObject({ kind: 'found', value: { password: '{SSHA}abc' } })
      const unknown = { kind: 'unavailable', cause: expect.stringContaining('a referral to ldap://other.example.org/') }
      expect(await source.address('nobody@example.org')).toEqual(unknown)
      expect(await source.user('nobody')).toEqual(unknown)
      // A person without a forward here may have an alias there.
      expect(await source.address('lee@example.org')).toEqual(unknown)
      expect(await mirrored()).toMatchObject({ kind: 'partial' })
    })
  })

  it('is complete without the parts that the configuration ignores', async () => {
    await withReference(`ou=elsewhere,${PEOPLE}`, async () => {
      const source = live({ referrals: 'ignore' })
      expect(await source.address('kim@example.org')).toMatchObject({ kind: 'found' })
      expect(await source.address('nobody@example.org')).toEqual({ kind: 'absent' })
      expect(await mirrored({ referrals: 'ignore' })).toMatchObject({ kind: 'whole' })
    })
  })

  it('is complete without partitions that never hold people', async () => {
    await withReference(`dc=DomainDnsZones,${PEOPLE}`, async () => {
      expect(await live().address('nobody@example.org')).toEqual({ kind: 'absent' })
      expect(await mirrored()).toMatchObject({ kind: 'whole' })
    })
  })
})
