// The LDAP source with a real OpenLDAP server: in pages, over TLS; stopped, restarted, slow, cut off, half-written,
// with wrong credentials, with limits. Every failure must end as "unavailable" or "partial" within its deadline, never as an empty answer.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createAuthority } from '../../src/demo/ca.ts'
import { createLdapLive } from '../../src/directory/ldap/ldap-live.ts'
import type { LdapLiveSettings } from '../../src/directory/ldap/ldap-live.ts'
import { createLdapMirror } from '../../src/directory/ldap/ldap-mirror.ts'
import type { LdapMirrorSettings } from '../../src/directory/ldap/ldap-mirror.ts'
import type { Fetched, MirrorSource } from '../../src/directory/snapshots/mirror-source.ts'
import type { SourceContent } from '../../src/directory/snapshots/source-content.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { ALIASES, PEOPLE, personDn, READER, type Slapd, startSlapd } from '../lib/peers/slapd.ts'
import { type StallingProxy, startStallingProxy } from '../lib/stalling-proxy.ts'

const PEOPLE_COUNT = 1000
const people = Array.from({ length: PEOPLE_COUNT }, (_unused, index) => ({
  uid: `user${index}`,
  forward: [`user${index}@home.example.net`],
}))

const base: LdapMirrorSettings = {
  urls: [],
  startTls: false,
  tls: { ca: null, certificate: null, key: null },
  bind: { kind: 'simple', ...READER },
  timeoutMs: 1000,
  connections: 3,
  users: {
    base: PEOPLE,
    filter: '(objectClass=mailPerson)',
    attributes: { user: 'uid', addresses: ['mail'], forward: 'emailForward', password: 'mailPassword' },
  },
  aliases: {
    base: ALIASES,
    filter: '(objectClass=nisMailAlias)',
    attributes: { address: 'cn', targets: 'rfc822MailMember' },
  },
  isOwn: (address) => address.toLowerCase().endsWith('@example.org'),
  referrals: 'refuse',
}

const open: { close(): Promise<void> | void }[] = []

function mirror(settings: Partial<LdapMirrorSettings>): MirrorSource {
  const source = createLdapMirror({ ...base, ...settings }, systemClock)
  open.push(source)
  return source
}

const fetchOnce = (source: MirrorSource): Promise<Fetched> => source.fetch(new AbortController().signal)

function whole(fetched: Fetched): SourceContent {
  if (fetched.kind !== 'whole') throw new Error(`${fetched.kind}: ${fetched.cause}`)
  return fetched.content
}

afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

describe.runIf(ensurePeers(['slapd', 'ldap-utils']))('LDAP source and slapd', () => {
  let slapd: Slapd
  let folder: string
  let ca: string
  let client: { certificate: string; key: string }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'waypost-ldap-'))
    const authority = createAuthority('LDAP tests')
    const server = authority.issue({ names: ['localhost'] })
    const issued = authority.issue({ names: ['waypost.example.org'] })
    ca = authority.certificate
    client = { certificate: issued.certificate, key: issued.key }
    const files = { 'server.pem': server.certificate, 'server.key': server.key, 'ca.pem': ca }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    slapd = await startSlapd({
      tls: { certificate: join(folder, 'server.pem'), key: join(folder, 'server.key'), ca: join(folder, 'ca.pem') },
      global: ['authz-regexp "cn=waypost.example.org.*" "cn=waypost,dc=example,dc=org"'],
    })
    slapd.addPeople([
      ...people,
      {
        uid: 'kim',
        forward: ['kim@home.example.net', 'kim@example.com'],
        password: '{SSHA}abc',
        mail: ['K.Im@Example.org', 'kim@private.example'],
      },
      { uid: 'lee', password: '$2y$05$x' },
    ])
    slapd.modify(
      `dn: cn=press,${ALIASES}\nchangetype: add\nobjectClass: nisMailAlias\ncn: press\nrfc822MailMember: kim\nrfc822MailMember: lee\n`,
    )
  })

  afterAll(async () => {
    await slapd.close()
    rmSync(folder, { recursive: true, force: true })
  })

  describe('reading', () => {
    it('reads the whole directory in pages, with the DN as source', async () => {
      const content = whole(await fetchOnce(mirror({ urls: [slapd.url] })))
      expect(content.users.length).toBe(PEOPLE_COUNT + 2)
      expect(content.users.find((user) => user.name === 'kim')).toEqual({
        name: 'kim',
        addresses: ['kim', 'K.Im@Example.org'],
        password: '{SSHA}abc',
        source: personDn('kim'),
      })
      const forward = { targets: ['kim@home.example.net', 'kim@example.com'], source: personDn('kim') }
      expect(content.forwards).toContainEqual({ address: 'kim', ...forward })
      expect(content.forwards).toContainEqual({ address: 'K.Im@Example.org', ...forward })
      expect(content.aliases).toEqual([{ address: 'press', targets: ['kim', 'lee'], source: `cn=press,${ALIASES}` }])
    })

    it.each([
      ['ldaps', () => ({ urls: [`ldaps://localhost:${slapd.tlsPort}`] })],
      ['StartTLS', () => ({ urls: [`ldap://localhost:${slapd.port}`], startTls: true })],
    ])('over %s with the CA given', async (_name, urls) => {
      const content = whole(await fetchOnce(mirror({ ...urls(), tls: { ca, certificate: null, key: null } })))
      expect(content.users.length).toBe(PEOPLE_COUNT + 2)
    })

    it.each([
      ['ldaps', () => ({ urls: [`ldaps://localhost:${slapd.tlsPort}`] })],
      ['StartTLS', () => ({ urls: [`ldap://localhost:${slapd.port}`], startTls: true })],
    ])('not over %s with an unknown CA', async (_name, urls) => {
      expect(await fetchOnce(mirror(urls()))).toEqual({
        kind: 'unavailable',
        cause: expect.stringMatching(/certificate/),
      })
    })

    it.each([
      ['ldaps', () => ({ urls: [`ldaps://127.0.0.1:${slapd.tlsPort}`] })],
      ['StartTLS', () => ({ urls: [slapd.url], startTls: true })],
    ])('not over %s with another server name', async (_name, urls) => {
      const fetched = await fetchOnce(mirror({ ...urls(), tls: { ca, certificate: null, key: null } }))
      expect(fetched).toEqual({ kind: 'unavailable', cause: expect.stringMatching(/altnames|IP/) })
    })

    it('by client certificate (SASL EXTERNAL)', async () => {
      const source = mirror({
        urls: [`ldaps://localhost:${slapd.tlsPort}`],
        tls: { ca, ...client },
        bind: { kind: 'external' },
      })
      expect(whole(await fetchOnce(source)).users.length).toBe(PEOPLE_COUNT + 2)
    })
  })

  describe('failures', () => {
    it('wrong credentials', async () => {
      const bind = { kind: 'simple', dn: READER.dn, password: 'wrong' } as const
      expect(await fetchOnce(mirror({ urls: [slapd.url], bind }))).toEqual({
        kind: 'unavailable',
        cause: expect.stringContaining('wrong credentials'),
      })
    })

    it('a bind without read access is not an empty directory', async () => {
      const fetched = await fetchOnce(mirror({ urls: [slapd.url], bind: { kind: 'anonymous' } }))
      expect(fetched.kind).toBe('partial')
    })

    it('a base that does not exist', async () => {
      const users = { ...base.users, base: 'ou=gone,dc=example,dc=org' }
      expect(await fetchOnce(mirror({ urls: [slapd.url], users }))).toEqual({
        kind: 'partial',
        cause: expect.stringContaining('the base does not exist'),
      })
    })

    it('stopped and restarted', async () => {
      const source = mirror({ urls: [slapd.url] })
      expect((await fetchOnce(source)).kind).toBe('whole')
      await slapd.kill()
      expect(await fetchOnce(source)).toEqual({ kind: 'unavailable', cause: expect.stringContaining('ECONNREFUSED') })
      await slapd.start()
      expect(whole(await fetchOnce(source)).users.length).toBe(PEOPLE_COUNT + 2)
    })

    it('another server answers while the first is down', async () => {
      const source = mirror({ urls: ['ldap://127.0.0.1:1', slapd.url] })
      expect((await fetchOnce(source)).kind).toBe('whole')
    })

    it('a referral for a part of the tree', async () => {
      const dn = `ou=elsewhere,${PEOPLE}`
      slapd.modify(
        `dn: ${dn}\nchangetype: add\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\nref: ldap://other.example.org/${dn}\n`,
      )
      const fetched = await fetchOnce(mirror({ urls: [slapd.url] }))
      // With manageDSAit, because ldapdelete would follow the referral.
      slapd.modify(`dn: ${dn}\ncontrol: 2.16.840.1.113730.3.4.2 true\nchangetype: delete\n`)
      expect(fetched).toEqual({
        kind: 'partial',
        cause: expect.stringContaining('returned a referral to ldap://other.example.org'),
      })
      expect((await fetchOnce(mirror({ urls: [slapd.url] }))).kind).toBe('whole')
    })

    describe('over a faulty network', () => {
      let proxy: StallingProxy
      beforeAll(async () => {
        proxy = await startStallingProxy(slapd.port)
      })
      afterEach(() => {
        proxy.mode = { kind: 'pass' }
      })
      afterAll(() => proxy.close())

      it('a server that does not answer is unavailable within the deadline', async () => {
        const source = mirror({ urls: [`ldap://127.0.0.1:${proxy.port}`], timeoutMs: 300 })
        proxy.mode = { kind: 'stall' }
        expect(await fetchOnce(source)).toEqual({ kind: 'unavailable', cause: expect.stringContaining('within 0.3 s') })
      })

      it('a server that hangs while a connection is idle', async () => {
        const source = mirror({ urls: [`ldap://127.0.0.1:${proxy.port}`], timeoutMs: 300 })
        expect((await fetchOnce(source)).kind).toBe('whole')
        proxy.mode = { kind: 'stall' }
        expect((await fetchOnce(source)).kind).toBe('unavailable')
        proxy.mode = { kind: 'pass' }
        expect((await fetchOnce(source)).kind).toBe('whole')
      })

      it.each([5, 100, 5000, 60_000])('an answer that is cut off after %i octets is refused', async (after) => {
        proxy.mode = { kind: 'cut', after }
        const fetched = await fetchOnce(mirror({ urls: [`ldap://127.0.0.1:${proxy.port}`] }))
        expect(fetched.kind).toBe('unavailable')
      })
    })
  })

  describe('live queries', () => {
    const settings: LdapLiveSettings = {
      ...base,
      mainDomain: 'example.org',
      domains: new Set(['example.org']),
      passwords: 'hash',
    }

    it('finds forwards, aliases and users, and no others', async () => {
      const live = createLdapLive({ ...settings, urls: [slapd.url] }, systemClock)
      open.push(live)
      const forward = await live.address('kim@example.org')
      expect(forward).toMatchObject({
        kind: 'found',
        value: { user: { name: 'kim' }, forward: { source: personDn('kim') } },
      })
      expect(await live.address('k.im@example.org')).toMatchObject({ kind: 'found', value: { user: { name: 'kim' } } })
      expect(await live.address('press@example.org')).toMatchObject({
        value: { alias: { source: `cn=press,${ALIASES}` } },
      })
      expect(await live.address('nobody@example.org')).toEqual({ kind: 'absent' })
      expect(await live.user('lee')).toMatchObject({ value: { source: personDn('lee') } })
    })

    it.each(['*', 'kim*', 'kim)(uid=*', 'a\\2a', 'k\u0000m', '(|(uid=*))'])(
      'treats %j as a name, not as a filter',
      async (name) => {
        const live = createLdapLive({ ...settings, urls: [slapd.url] }, systemClock)
        open.push(live)
        expect(await live.address(`${name}@example.org`)).toEqual({ kind: 'absent' })
      },
    )

    it('requests hashes at a login only', async () => {
      const live = createLdapLive({ ...settings, urls: [slapd.url] }, systemClock)
      open.push(live)
      expect(await live.user('kim')).toMatchObject({ value: { password: '{SSHA}abc', source: personDn('kim') } })
      expect(await live.user('KIM')).toEqual({ kind: 'absent' })
      expect(await live.user('k.im')).toEqual({ kind: 'absent' })
      expect(JSON.stringify(await live.address('kim@example.org'))).not.toContain('SSHA')
      const binding = createLdapLive({ ...settings, urls: [slapd.url], passwords: 'bind' }, systemClock)
      open.push(binding)
      expect(JSON.stringify(await binding.user('kim'))).not.toContain('SSHA')
    })

    it('finds the aliases that name an address, in every written form', async () => {
      const add = (cn: string, ...members: string[]) =>
        slapd.modify(
          `dn: cn=${cn},${ALIASES}\nchangetype: add\nobjectClass: nisMailAlias\ncn: ${cn}\n${members.map((one) => `rfc822MailMember: ${one}\n`).join('')}`,
        )
      add('full', 'KIM@example.org')
      add('other', 'kim@else.example', 'kimmy')
      const live = createLdapLive({ ...settings, urls: [slapd.url] }, systemClock)
      open.push(live)
      const naming = await live.aliasGrants('kim@example.org')
      const grants = naming.kind === 'found' ? naming.value : null
      expect(grants?.map((grant) => grant.address).toSorted()).toEqual(['full@example.org', 'press@example.org'])
      expect(grants?.map((grant) => grant.source)).toContain(`cn=press,${ALIASES}`)
      expect(await live.aliasGrants('user1@example.org')).toEqual({ kind: 'absent' })
      const without = createLdapLive({ ...settings, urls: [slapd.url], aliases: null }, systemClock)
      open.push(without)
      expect(await without.aliasGrants('kim@example.org')).toEqual({ kind: 'absent' })
      slapd.remove(`cn=full,${ALIASES}`, `cn=other,${ALIASES}`)
    })

    it('lets the server check a password with a separate bind', async () => {
      const proxy = await startStallingProxy(slapd.port)
      open.push(proxy)
      const live = createLdapLive(
        { ...settings, urls: [`ldap://127.0.0.1:${proxy.port}`], passwords: 'bind' },
        systemClock,
      )
      open.push(live)
      const secret = `dn: ${personDn('lee')}\nchangetype: modify\nreplace: userPassword\nuserPassword: tr0ub4dor\n`
      slapd.modify(secret)
      const lee = { addresses: [], source: personDn('lee') }
      const yes = { kind: 'match' }
      const no = { kind: 'mismatch' }
      expect(await live.verify?.(lee, 'tr0ub4dor')).toEqual(yes)
      expect(await live.verify?.(lee, 'wrong')).toEqual(no)
      // RFC 4513 5.1.2: an empty password would be an unauthenticated bind, which succeeds.
      expect(await live.verify?.(lee, '')).toEqual(no)
      expect(await live.verify?.({ addresses: [], source: personDn('kim') }, 'x')).toEqual(no)
      expect(await live.verify?.({ addresses: [], source: personDn('nobody') }, 'x')).toEqual(no)
      expect(await live.verify?.({ addresses: [], source: 'no dn' }, 'x')).toEqual(no)
      // Wrong passwords are no failures of the server, and the pool's connection keeps its own bind.
      expect(await live.verify?.(lee, 'tr0ub4dor')).toEqual(yes)
      expect((await live.user('lee')).kind).toBe('found')
      const before = proxy.taken
      await live.user('kim')
      expect(proxy.taken).toBe(before)
      proxy.mode = { kind: 'stall' }
      expect(await live.verify?.(lee, 'tr0ub4dor')).toMatchObject({ kind: 'unavailable' })
    })

    it('many simultaneous queries share few connections', async () => {
      const proxy = await startStallingProxy(slapd.port)
      open.push(proxy)
      const live = createLdapLive(
        { ...settings, urls: [`ldap://127.0.0.1:${proxy.port}`], timeoutMs: 10_000 },
        systemClock,
      )
      open.push(live)
      const answers = await Promise.all(people.slice(0, 200).map(({ uid }) => live.address(`${uid}@example.org`)))
      expect(answers.every((answer) => answer.kind === 'found' && answer.value?.forward)).toBe(true)
      expect(proxy.taken).toBeLessThanOrEqual(3)
    })

    it('is unavailable while the server is down, and answers again after', async () => {
      const live = createLdapLive({ ...settings, urls: [slapd.url] }, systemClock)
      open.push(live)
      expect((await live.address('kim@example.org')).kind).toBe('found')
      await slapd.kill()
      const away = await Promise.all(['kim', 'lee', 'nobody'].map((name) => live.address(`${name}@example.org`)))
      expect(away.every((answer) => answer.kind === 'unavailable')).toBe(true)
      await slapd.start()
      await expect.poll(() => live.address('kim@example.org'), { timeout: 8000 }).toMatchObject({ kind: 'found' })
    })
  })
})

describe.runIf(ensurePeers(['slapd', 'ldap-utils']))('a server with limits', () => {
  it('of ten entries is partial, with and without paging', async () => {
    const slapd = await startSlapd({ limits: ['sizelimit size.soft=10 size.hard=10 size.prtotal=10'] })
    open.push(slapd)
    slapd.addPeople(people.slice(0, 30))
    const fetched = await fetchOnce(mirror({ urls: [slapd.url] }))
    expect(fetched).toEqual({ kind: 'partial', cause: expect.stringMatching(/limit was exceeded/) })
  })

  it('that forbids paging is partial', async () => {
    const slapd = await startSlapd({ limits: ['sizelimit size.prtotal=disabled'] })
    open.push(slapd)
    slapd.addPeople(people.slice(0, 5))
    const fetched = await fetchOnce(mirror({ urls: [slapd.url] }))
    expect(fetched.kind).toBe('partial')
  })
})
