import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { fleetProblems, sampleFleet, sampleFleetYaml, writeFleetFiles } from '../../test/lib/sample-fleet.ts'
import { planRecords } from './plan-records.ts'
import { plannedSets, recordLine } from './planned-record.ts'

const folder = mkdtempSync(join(tmpdir(), 'waypost-plan-'))
writeFleetFiles(folder)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const linesOf = (text: string, dkim: Parameters<typeof planRecords>[1] = []) =>
  planRecords(sampleFleet(folder, text), dkim).map(recordLine)
const lines = linesOf(sampleFleetYaml)
const about = (name: string, all = lines) => all.filter((one) => one.startsWith(`${name}. `))

describe('the records of', () => {
  test('a domain: MX to the mx nodes, SPF with the nodes that send, DMARC without a policy at first', () => {
    expect(about('example.org')).toEqual([
      'example.org. 3600 IN MX 10 mx-01.example.org.',
      'example.org. 3600 IN TXT "v=spf1 ip4:192.0.2.2 ip4:192.0.2.3 ip4:192.0.2.4 -all"',
    ])
    expect(about('_dmarc.example.org')).toEqual(['_dmarc.example.org. 3600 IN TXT "v=DMARC1; p=none"'])
  })

  test('the SRS domain: bounces come to the mx, only srs nodes send, and no author is there', () => {
    expect(about('forwards.example')).toEqual([
      'forwards.example. 3600 IN MX 10 mx-01.example.org.',
      'forwards.example. 3600 IN TXT "v=spf1 ip4:192.0.2.2 -all"',
    ])
    expect(about('_dmarc.forwards.example')).toEqual(['_dmarc.forwards.example. 3600 IN TXT "v=DMARC1; p=reject"'])
  })

  test('a host that receives: addresses, SPF of its HELO name, TLSA of its key, no null MX', () => {
    expect(about('mx-01.example.org')).toEqual([
      'mx-01.example.org. 3600 IN A 192.0.2.1',
      'mx-01.example.org. 3600 IN AAAA 2001:db8::1',
      'mx-01.example.org. 3600 IN TXT "v=spf1 a -all"',
    ])
    expect(about('_25._tcp.mx-01.example.org')).toEqual([
      expect.stringMatching(/^_25._tcp.mx-01.example.org. 3600 IN TLSA 3 1 1 [0-9a-f]{64}$/),
    ])
  })

  test('a host that only sends: a null MX, and reverse DNS', () => {
    expect(about('srs-01.example.org')).toContain('srs-01.example.org. 3600 IN MX 0 .')
    expect(lines).toContain('2.2.0.192.in-addr.arpa. 3600 IN PTR srs-01.example.org.')
    expect(lines.filter((line) => line.includes('TLSA') && line.includes('srs-01'))).toEqual([])
  })

  test('mail programs: 465 before 587, and no mailboxes', () => {
    expect(about('_submissions._tcp.example.org')).toEqual([
      '_submissions._tcp.example.org. 3600 IN SRV 0 1 465 submission-01.example.org.',
    ])
    expect(about('_submission._tcp.example.org')[0]).toContain('SRV 1 1 587 submission-01.example.org.')
    expect(about('_imaps._tcp.example.org')).toEqual(['_imaps._tcp.example.org. 3600 IN SRV 0 0 0 .'])
    const text = sampleFleetYaml.replace('role: submission,', 'role: submission, settings: { autoconfig: {} },')
    expect(about('autoconfig.example.org', linesOf(text))).toEqual([
      'autoconfig.example.org. 3600 IN CNAME submission-01.example.org.',
    ])
  })

  test('a domain without mail: null MX, no sender, reject', () => {
    const parked = linesOf(`${sampleFleetYaml}domains: { parked.example: { mx: [], senders: [] } }\n`)
    expect(parked.filter((line) => line.includes('parked.example'))).toEqual([
      'parked.example. 3600 IN MX 0 .',
      'parked.example. 3600 IN TXT "v=spf1 -all"',
      '_dmarc.parked.example. 3600 IN TXT "v=DMARC1; p=reject"',
    ])
  })

  test('a domain that only sends has no null MX: others would refuse its mail (RFC 7505 4.2)', () => {
    const news = linesOf(`${sampleFleetYaml}domains: { news.example: { mx: [], senders: [ mta-01 ] } }\n`)
    expect(about('news.example', news)).toEqual(['news.example. 3600 IN TXT "v=spf1 ip4:192.0.2.4 -all"'])
  })

  test('a plan with every setting', () => {
    const text = `${sampleFleetYaml}records:
  ttl: 5m
  spf: { by: names, include: [ _spf.example.net ], all: softfail }
  dmarc: { policy: quarantine, subdomains: reject, reports: [ dmarc@example.com ] }
  mta_sts: { mode: enforce, host: sts.example.net }
  tls_reports: [ "mailto:tls@example.org", "https://example.org/tls" ]
  caa: [ letsencrypt.org ]
domains: { example.com: { mta_sts: { mode: none } } }
`
    const all = linesOf(text)
    const org = all.filter((line) => /^(?:\S+\.)?example\.org\. /.test(line))
    expect(org).toEqual(
      expect.arrayContaining([
        'example.org. 300 IN TXT "v=spf1 a:srs-01.example.org a:submission-01.example.org a:mta-01.example.org include:_spf.example.net ~all"',
        '_dmarc.example.org. 300 IN TXT "v=DMARC1; p=quarantine; sp=reject; rua=mailto:dmarc@example.com"',
        expect.stringMatching(/^_mta-sts.example.org. 300 IN TXT "v=STSv1; id=[0-9a-f]{32}"$/),
        'mta-sts.example.org. 300 IN CNAME sts.example.net.',
        '_smtp._tls.example.org. 300 IN TXT "v=TLSRPTv1; rua=mailto:tls@example.org,https://example.org/tls"',
        'example.org. 300 IN CAA 0 issue "letsencrypt.org"',
      ]),
    )
    // The domain that gets the reports says so (RFC 9990 4).
    expect(all).toContain('example.org._report._dmarc.example.com. 300 IN TXT "v=DMARC1"')
    // Another mode is another policy, so it has another id.
    const ids = all.filter((line) => line.startsWith('_mta-sts.')).map((line) => line.split('id=')[1])
    expect(ids[0]).not.toBe(ids[1])
    expect(about('mta-sts.example.com', all)).toEqual([
      'mta-sts.example.com. 300 IN A 192.0.2.1',
      'mta-sts.example.com. 300 IN AAAA 2001:db8::1',
    ])
  })

  test('another source than the address of the host is in SPF, also by names', () => {
    const text = sampleFleetYaml.replace(
      'role: mta, addresses: [ 192.0.2.4 ]',
      'role: mta, addresses: [ 192.0.2.4 ], sources: [ 192.0.2.4, "2001:DB8:0:0::9" ]',
    )
    expect(about('mta-01.example.org', linesOf(text))).toContain(
      'mta-01.example.org. 3600 IN TXT "v=spf1 ip4:192.0.2.4 ip6:2001:db8::9 -all"',
    )
    const named = about('example.org', linesOf(`${text}records: { spf: { by: names } }\n`))
    expect(named[1]).toContain('a:mta-01.example.org ip6:2001:db8::9 -all')
  })
})

test('long and odd texts are in strings of at most 255 octets', () => {
  const [line = ''] = linesOf(sampleFleetYaml, [
    { name: 'k._domainkey.example.org', text: `v="\\ü${'x'.repeat(300)}` },
  ]).filter((one) => one.startsWith('k._domainkey'))
  const [, first = '', second = ''] = /TXT "(.*)" "(.*)"$/.exec(line) ?? []
  expect(first.startsWith('v=\\"\\\\\\195\\188xxx')).toBe(true)
  expect(second).toMatch(/^x+$/)
})

test('sets keep texts of different purposes apart', () => {
  const sets = plannedSets(planRecords(sampleFleet(folder), []))
  expect(sets.filter(({ name, type }) => name === 'mx-01.example.org' && type === 'A')).toHaveLength(1)
})

test.each([
  [
    'a node that does not exist',
    'domains: { example.com: { mx: [ mx-09 ] } }',
    /domains.example.com.mx.0: found mx-09, expected the name of a node/,
  ],
  [
    'an MX that strangers cannot reach',
    'domains: { example.com: { mx: [ mta-01 ] } }',
    /domains.example.com.mx.0: found mta-01 with the role mta/,
  ],
  ['a name that is no domain', 'domains: { com: {} }', /domains.com: found com, expected a domain such as/],
  ['a domain twice', 'domains: { example.com: {}, Example.COM: {} }', /domains.Example.COM: found example.com again/],
  [
    'an address of reports with a comma',
    'records: { dmarc: { policy: none, reports: [ "a@b,c" ] } }',
    /records.dmarc.reports.0: found "a@b,c", expected a mail address/,
  ],
])('%s is a problem', (_, line, expected) => {
  expect(fleetProblems(folder, `${sampleFleetYaml}${line}\n`)).toEqual([expect.stringMatching(expected)])
})
