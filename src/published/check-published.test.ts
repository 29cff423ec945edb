import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fakeResolver, type Zone } from '../../test/lib/fake-resolver.ts'
import { sampleFleet, sampleFleetYaml, writeFleetFiles } from '../../test/lib/sample-fleet.ts'
import { createAuthority } from '../demo/ca.ts'
import type { ListAnswer } from '../filter/dns-lists.ts'
import { checkAddresses } from './check-addresses.ts'
import { checkCertificates } from './check-certificates.ts'
import { checkLists } from './check-lists.ts'
import { checkSets } from './check-sets.ts'
import { checkSpf } from './check-spf.ts'
import { dmarcAdvice } from './dmarc-advice.ts'
import type { Observed, Observer } from './observer.ts'
import type { PlannedSet } from './planned-record.ts'
import { srsAlignment } from './srs-alignment.ts'

const folder = mkdtempSync(join(tmpdir(), 'waypost-published-'))
beforeAll(() => writeFleetFiles(folder))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fleet = (text = sampleFleetYaml) => sampleFleet(folder, text)
const NOW = Date.UTC(2026, 10, 29)

describe('sets at several servers', () => {
  const set: PlannedSet = { name: 'example.org', type: 'MX', purpose: 'mx', ttl: 60, data: ['10 a.example.'] }
  const right: Observed = { kind: 'found', data: ['10 a.example.'], ttl: 60, authentic: true }
  const down: Observed = { kind: 'unavailable', cause: 'time-out' }
  const at = (label: string, observed: Observed): Observer => ({ label, observe: async () => observed })
  const check = async (servers: readonly Observed[], caches: readonly Observed[]) => {
    const { findings, sets } = await checkSets([set], {
      serversOf: async () => ({
        kind: 'found',
        zone: 'example.org',
        servers: [],
        observers: servers.map((one, index) => at(`ns${index}`, one)),
      }),
      resolvers: caches.map((one, index) => at(`cache${index}`, one)),
    })
    return { texts: findings.map(({ severity, problem }) => `${severity} ${problem}`), set: sets[0] }
  }

  test('agree', async () => {
    expect(await check([right, right], [right])).toEqual({
      texts: [],
      set: { set, state: 'published', authentic: true },
    })
  })

  test('one server lacks them', async () => {
    expect((await check([right, { kind: 'absent' }], [right])).texts).toEqual(['error missing at ns1 only'])
  })

  test('one server does not answer: the others decide', async () => {
    expect((await check([down, right], [right])).texts).toEqual([])
  })

  test('a resolver has an old answer', async () => {
    expect((await check([right], [{ ...right, data: ['10 old.example.'] }, down])).texts).toEqual([
      'note the servers of the zone have it, but the resolver cache0 has other data',
    ])
  })

  test('no authoritative server can be asked: the resolvers decide', async () => {
    expect((await check([down], [{ kind: 'absent' }])).texts).toEqual(['error missing'])
  })

  test('TLSA: a missing record does less harm than a wrong one', async () => {
    const tlsa: PlannedSet = { ...set, type: 'TLSA', purpose: 'tlsa', data: ['3 1 1 aa'] }
    const one = async (observed: Observed) => {
      const servers = { kind: 'found' as const, zone: 'example.org', servers: [], observers: [at('ns', observed)] }
      return (await checkSets([tlsa], { serversOf: async () => servers, resolvers: [] })).findings[0]?.severity
    }
    expect(await one({ kind: 'absent' })).toBe('warning')
    expect(await one({ ...right, data: ['3 1 1 bb'] })).toBe('error')
  })

  test('no answer at all is not missing', async () => {
    const { texts, set: checked } = await check([down], [down])
    expect(texts).toEqual([
      'warning no server answers, so it is not known whether it is published: ns0: time-out; cache0: time-out',
    ])
    expect(checked?.state).toBe('unavailable')
  })
})

describe('addresses', () => {
  const good: Zone = Object.fromEntries(
    ['mx-01 192.0.2.1', 'srs-01 192.0.2.2', 'submission-01 192.0.2.3', 'mta-01 192.0.2.4'].flatMap((line, index) => {
      const [name, address = ''] = line.split(' ')
      return [
        [`${index + 1}.2.0.192.in-addr.arpa PTR`, [`${name}.example.org`]],
        [`${name}.example.org A`, [address]],
      ] as const
    }),
  )
  const six = {
    '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR': ['mx-01.example.org'],
    'mx-01.example.org AAAA': ['2001:db8:0::1'],
  }
  const check = async (zone: Zone) =>
    (await checkAddresses(fleet(), fakeResolver({ ...good, ...six, ...zone }))).map(
      ({ subject, problem }) => `${subject}: ${problem}`,
    )

  test('with names that lead back are right', async () => {
    expect(await check({})).toEqual([])
  })

  test('whose name has another address', async () => {
    expect(await check({ 'mta-01.example.org A': ['192.0.2.44'] })).toEqual([
      '192.0.2.4: the HELO name mta-01.example.org does not have this address',
    ])
  })

  test('with another name: confirmed is enough, a name that leads elsewhere is not', async () => {
    const other = { '4.2.0.192.in-addr.arpa PTR': ['host-4.provider.example'] }
    expect(await check({ ...other, 'host-4.provider.example A': ['192.0.2.4'] })).toEqual([])
    expect(await check(other)).toEqual(['192.0.2.4: its name host-4.provider.example does not lead back to it'])
  })

  test('that cannot be looked up are unknown', async () => {
    expect(await check({ '4.2.0.192.in-addr.arpa PTR': 'unavailable' })).toEqual([
      '192.0.2.4: its reverse DNS cannot be looked up: SERVFAIL',
    ])
  })
})

test('SPF with too many look-ups, by its includes, is an error', async () => {
  const spf: PlannedSet = {
    name: 'example.org',
    type: 'TXT',
    purpose: 'spf',
    ttl: 60,
    data: ['v=spf1 include:big.example -all'],
  }
  const include = (count: number) =>
    fakeResolver({ 'big.example TXT': [`v=spf1 ${'exists:%{i}.e.example '.repeat(count)}-all`] })
  expect(await checkSpf([spf], include(3))).toEqual([])
  expect(await checkSpf([spf], include(8))).toMatchObject([
    { severity: 'warning', problem: 'SPF needs 9 of 10 look-ups' },
  ])
  expect(await checkSpf([spf], include(10))).toMatchObject([
    { severity: 'error', problem: 'SPF needs 11 look-ups, at most 10 are allowed' },
  ])
  expect(await checkSpf([spf], fakeResolver({}))).toMatchObject([
    { severity: 'error', problem: 'SPF: big.example has no SPF records' },
  ])
})

test('lists: a hit has the place to ask; an error of a list is none; an allow list says where to register', async () => {
  const answers: Record<string, ListAnswer> = {
    '192.0.2.1': { kind: 'listed', points: 6, meaning: 'spam source', url: 'https://bl.example/1' },
    '192.0.2.2': {
      kind: 'unavailable',
      cause: 'it answered 127.255.255.254: the question came through a public resolver',
    },
  }
  const findings = await checkLists(fleet(), {
    lists: {
      ask: async (subject) => [
        { list: 'bl', subject, answer: answers[subject.value] ?? { kind: 'not-listed' } },
        { list: 'wl', subject, answer: { kind: 'not-listed' } },
      ],
    },
    contacts: new Map([
      ['bl', { contact: 'https://bl.example/remove', allows: false }],
      ['wl', { contact: 'https://wl.example/register', allows: true }],
    ]),
  })
  expect(findings.filter(({ severity }) => severity === 'error')).toMatchObject([
    {
      subject: '192.0.2.1',
      problem: 'is on the list bl: spam source',
      advice: expect.stringMatching(/Removal: https:\/\/bl.example\/remove; the entry: https:\/\/bl.example\/1/),
    },
  ])
  expect(findings.filter(({ isUnknown }) => isUnknown)).toMatchObject([
    { severity: 'note', subject: 'bl', problem: expect.stringContaining('public resolver') },
  ])
  expect(findings.filter(({ advice }) => advice?.includes('wl.example')).map(({ subject }) => subject)).toEqual([
    '192.0.2.1',
    '2001:db8::1',
    '192.0.2.2',
    '192.0.2.3',
    '192.0.2.4',
  ])
})

describe('certificates', () => {
  const authority = createAuthority('Published')
  const problems = async (mode: string, certificate: string) => {
    writeFileSync(join(folder, 'mx-01/cert.pem'), certificate)
    const found = await checkCertificates(fleet(`${sampleFleetYaml}records: { mta_sts: { mode: ${mode} } }\n`), [], NOW)
    return found.map(({ severity, problem }) => `${severity} ${problem.replace(/ \(.*/, '')}`)
  }

  test('of a private authority are an error where a policy is enforced', async () => {
    const { certificate } = authority.issue({ names: ['mx-01.example.org'] })
    expect(await problems('enforce', certificate)).toEqual([
      'error its certificate is not from a public authority, or lacks its chain',
    ])
    expect(await problems('testing', certificate)).toEqual([
      'warning its certificate is not from a public authority, or lacks its chain',
    ])
    expect(await problems('none', certificate)).toEqual([])
  })

  test('with another name, or ended', async () => {
    const { certificate } = authority.issue({ names: ['other.example.org'] })
    expect(await problems('none', certificate)).toEqual(['warning its certificate does not have its name'])
    const past = await checkCertificates(fleet(), [], NOW + 100 * 365 * 86_400_000)
    expect(past.map(({ problem }) => problem)).toEqual([
      expect.stringContaining('does not have its name'),
      expect.stringContaining('its certificate ended on'),
    ])
  })

  test('TLSA without DNSSEC has no effect', async () => {
    const set: PlannedSet = { name: '_25._tcp.mx-01.example.org', type: 'TLSA', purpose: 'tlsa', ttl: 60, data: [] }
    const check = (authentic: boolean | null) =>
      checkCertificates({ ...fleet(), nodes: [] }, [{ set, state: 'published', authentic }], NOW)
    expect(await check(false)).toMatchObject([{ severity: 'note', breaks: expect.stringContaining('DNSSEC') }])
    expect([...(await check(true)), ...(await check(null))]).toEqual([])
  })
})

test('DMARC advice follows the policy, and what is published first', () => {
  const published = (purpose: 'spf' | 'dkim', name: string) => ({
    set: { name, type: 'TXT' as const, purpose, ttl: 60, data: [] },
    state: 'published' as const,
    authentic: null,
  })
  const all = [published('spf', 'example.org'), published('dkim', 'k._domainkey.example.org')]
  const step = (settings: string, sets = all) =>
    dmarcAdvice(fleet(`${sampleFleetYaml}records: { dmarc: ${settings} }\n`), sets)[0]?.advice
  expect(step('{ policy: none }')).toContain('Set dmarc.reports first')
  expect(step('{ policy: none, reports: [ a@b.example ] }', [])).toContain('Publish a DKIM key first')
  expect(step('{ policy: none, reports: [ a@b.example ] }', all.slice(1))).toContain('Publish the SPF record first')
  expect(step('{ policy: none, reports: [ a@b.example ] }')).toContain('set policy: quarantine')
  expect(step('{ policy: quarantine, reports: [ a@b.example ] }')).toContain('set policy: reject')
  expect(step('{ policy: reject, reports: [ a@b.example ] }')).toBeUndefined()
})

test('an SRS domain within a domain of authors aligns', () => {
  expect(srsAlignment(fleet())).toEqual([])
  expect(srsAlignment(fleet(sampleFleetYaml.replace('forwards.example', 'srs.example.org')))).toMatchObject([
    {
      severity: 'warning',
      subject: 'srs.example.org',
      problem: 'the SRS domain shares its organization with example.org',
    },
  ])
})
