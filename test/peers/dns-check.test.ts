// The records of a fleet in nsd, as `waypost dns records` prints them, and `waypost dns check` against nsd and unbound.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dnsCheck } from '../../src/cli/dns/dns-check.ts'
import { dnsRecords } from '../../src/cli/dns/dns-records.ts'
import { FAILED, OK } from '../../src/cli/io.ts'
import { generateKey } from '../../src/dkim/key-store.ts'
import { captureIo } from '../lib/captured-io.ts'
import { type DnsServers, startDnsServers } from '../lib/peers/dns-servers.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { IP6_TEST_POINT } from '../lib/sample-dns-list.ts'
import { sampleFleetYaml, writeFleetFiles } from '../lib/sample-fleet.ts'

const ZONES = ['example.org', 'forwards.example', '2.0.192.in-addr.arpa', '8.b.d.0.1.0.0.2.ip6.arpa']
const settings = `records:
  mta_sts: { mode: testing }
  tls_reports: [ "mailto:tls@example.org" ]
  caa: [ letsencrypt.org ]
  dmarc: { policy: none, reports: [ dmarc@example.org ] }
`
const points = `2.0.0.127 A 127.0.0.2\n${IP6_TEST_POINT} A 127.0.0.2`

interface Found {
  readonly severity: string
  readonly subject: string
  readonly problem: string
  readonly breaks: string | null
  readonly advice: string | null
  readonly since: string
}

describe.runIf(ensurePeers(['nsd', 'unbound']))('the records of a fleet in nsd', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-dns-check-'))
  const fleet = join(folder, 'fleet.yaml')
  let lines: readonly string[]
  let servers: DnsServers | null = null

  beforeAll(async () => {
    writeFleetFiles(folder)
    writeFileSync(fleet, `${sampleFleetYaml}${settings}`)
    for (const name of ['srs-01', 'submission-01']) mkdirSync(join(folder, name))
    const key = { selector: 'rsa', algorithm: 'rsa-sha256', stage: 'active', now: 0 } as const
    await generateKey(join(folder, 'submission-01/dkim'), { ...key, domain: 'example.org' })
    await generateKey(join(folder, 'srs-01/dkim'), { ...key, domain: 'forwards.example' })
    const io = captureIo()
    await dnsRecords({ fleet }, io)
    lines = io
      .out()
      .split('\n')
      .filter((line) => line !== '')
  })
  afterAll(async () => {
    await servers?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Serves the lines, with lists in the DNS. */
  const serve = async (change: (line: string) => string) => {
    await servers?.close()
    const changed = lines.map(change)
    const inZone = (zone: string) => changed.filter((line) => line.split(' ')[0]?.endsWith(`${zone}.`)).join('\n')
    const lists = {
      'zen.spamhaus.org': `${points}\n4.2.0.192 A 127.0.0.3`,
      'list.dnswl.org': `${points}\n1.2.0.192 A 127.0.5.2`,
    }
    servers = await startDnsServers(
      { ...Object.fromEntries(ZONES.map((zone) => [zone, inZone(zone)])), ...lists },
      { closed: true },
    )
  }
  const check = async () => {
    const io = captureIo()
    const { port, authority } = servers as DnsServers
    const dns = [{ host: '127.0.0.1', port }]
    const code = await dnsCheck({ fleet, dns, lists: true, connect: false, json: true, port: authority }, io)
    return { code, ...(JSON.parse(io.out()) as { compared: number; findings: readonly Found[] }) }
  }

  it('are all published, so that only the list, the advice and the missing DNSSEC are found', async () => {
    await serve((line) => line)
    const { code, compared, findings } = await check()
    const texts = findings.map(({ severity, subject, problem }) => `${severity} ${subject}: ${problem}`)
    expect(texts).toEqual(
      expect.arrayContaining([
        'error 192.0.2.4: is on the list spamhaus-zen: CSS: spam source',
        'note 192.0.2.2: is not on the allow list dnswl',
        expect.stringMatching(/^note example.org: DMARC has the policy none/),
        'note _25._tcp.mx-01.example.org TLSA: the resolver did not validate the answer',
        expect.stringMatching(/^warning mx-01.example.org: its certificate is not from a public authority/),
      ]),
    )
    expect(texts.filter((text) => /missing|found |no server answers|HELO/.test(text))).toEqual([])
    expect(texts).not.toContain('note 192.0.2.1: is not on the allow list dnswl')
    expect(compared).toBeGreaterThan(30)
    expect(code).toBe(FAILED)
    const listed = findings.find(({ subject }) => subject === '192.0.2.4')
    expect(listed?.advice).toContain('https://check.spamhaus.org/')
  })

  it('that differ are found, each with what it breaks, and keep the time of the first check', async () => {
    await serve((line) =>
      line
        .replace(
          /^example\.org\. 3600 IN TXT .*/,
          'example.org. 60 IN TXT "v=spf1 ip4:192.0.2.99 -all"\nexample.org. 60 IN TXT "other"',
        )
        .replace(/^example\.org\. 3600 IN MX .*/, 'example.org. 60 IN MX 10 old.example.org.')
        .replace(/^_dmarc\.example\.org\..*/, '; nothing')
        .replace(/^4\.2\.0\.192\.in-addr\.arpa\..*/, '4.2.0.192.in-addr.arpa. 60 IN PTR static-4.provider.example.')
        .replace(/^(mta-01\.example\.org\. 3600 IN A) .*/, '$1 192.0.2.44'),
    )
    const { code, findings } = await check()
    expect(code).toBe(FAILED)
    const about = (subject: string) => findings.filter((one) => one.subject === subject).map(({ problem }) => problem)
    expect(about('example.org TXT')[0]).toBe(
      'found "v=spf1 ip4:192.0.2.99 -all", expected "v=spf1 ip4:192.0.2.2 ip4:192.0.2.3 ip4:192.0.2.4 -all"',
    )
    expect(about('example.org MX')).toEqual(['found 10 old.example.org., expected 10 mx-01.example.org.'])
    expect(about('_dmarc.example.org TXT')).toEqual(['missing'])
    expect(about('mta-01.example.org A')).toEqual(['found 192.0.2.44, expected 192.0.2.4'])
    expect(about('4.2.0.192.in-addr.arpa PTR')).toEqual([
      'found static-4.provider.example., expected mta-01.example.org.',
    ])
    expect(about('192.0.2.4')).toEqual(
      expect.arrayContaining([
        'the HELO name mta-01.example.org does not have this address',
        'its name static-4.provider.example does not lead back to it',
      ]),
    )
    expect(findings.every(({ severity, breaks }) => severity !== 'error' || breaks !== null)).toBe(true)
    const again = await check()
    expect(again.findings.find(({ subject }) => subject === 'example.org MX')?.since).toBe(
      findings.find(({ subject }) => subject === 'example.org MX')?.since,
    )
  })

  it('are unknown, not missing, while their servers do not answer', async () => {
    // A new resolver, which has no answers in its cache.
    await serve((line) => line)
    await servers?.endAuthority()
    const { code, findings } = await check()
    expect(findings.map(({ problem }) => problem).filter((problem) => problem === 'missing')).toEqual([])
    expect(findings.filter(({ problem }) => problem.startsWith('no server answers')).length).toBeGreaterThan(10)
    expect(code).toBe(OK)
  })
})
