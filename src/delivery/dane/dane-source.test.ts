// Each rule of RFC 7672 section 2 on when TLSA records count: what is secure, where the records are, what a failed look-up means.

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { fakeResolver, type Zone } from '../../../test/lib/fake-resolver.ts'
import { policyPorts } from '../../../test/lib/transport-settings.ts'
import { systemRandom } from '../../lib/random.ts'
import { decideTls } from '../attempt/decide-tls.ts'
import { createHostFinder } from '../hosts/host-finder.ts'
import { type PolicyName, tlsPolicies } from '../tls-policy/configured-policies.ts'
import type { HostDecision } from '../tls-policy/tls-policy.ts'

const digest = createHash('sha256').update('key').digest('hex')
const GOOD = `3 1 1 ${digest}`
const UNUSABLE = `1 1 1 ${digest}`

/** A domain, its MX host, its address and its records, all of them secure. */
const secure: Zone = {
  'a.example MX': ['10 mx.a.example'],
  'mx.a.example A': ['192.0.2.1'],
  '_25._tcp.mx.a.example TLSA': [GOOD],
  authentic: ['a.example MX', 'mx.a.example A', '_25._tcp.mx.a.example TLSA'],
}

function insecure(zone: Zone, key: string): Zone {
  return { ...zone, authentic: (zone.authentic ?? []).filter((one) => one !== key) }
}

interface Setting {
  readonly policy?: PolicyName
  readonly nextHop?: string
  readonly isTlsOptional?: boolean
}

async function decide(zone: Zone, { policy = 'dane', nextHop = 'mx:a.example', isTlsOptional = false }: Setting = {}) {
  const resolver = fakeResolver(zone)
  const settings = { peers: new Map(), peerTls: tlsPolicies.verify, tls: tlsPolicies[policy], mxPort: 25 }
  const limits = { ourNames: new Set<string>(), ourAddresses: new Set<string>(), addressLimit: 5 }
  const hosts = await createHostFinder({ ...settings, ...limits }, { resolver, random: systemRandom }).find(nextHop)
  if (hosts.kind === 'none') throw new Error(hosts.reply)
  const [target] = hosts.targets
  if (!target) throw new Error('no target')
  return decideTls(target, isTlsOptional, policyPorts(resolver))
}

/** Such as `dane always mx.a.example`, or `avoid dnssec-invalid`. */
function short(decision: HostDecision): string {
  if (decision.kind === 'avoid') return `avoid ${decision.failure}`
  const { policy, startTls, serverName = '', flaw = '' } = decision.requirement
  return `${policy} ${startTls} ${serverName}${flaw}`.trim()
}

const rules: readonly (readonly [rule: string, zone: Zone, expected: string, strict: string])[] = [
  ['2.2: secure, usable records', secure, 'dane always mx.a.example', 'dane-only always mx.a.example'],
  ['2.2.1: insecure MX records', insecure(secure, 'a.example MX'), 'may if-offered', 'avoid dane-required'],
  ['2.2.2: insecure address', insecure(secure, 'mx.a.example A'), 'may if-offered', 'avoid dane-required'],
  ['2.2: insecure records', insecure(secure, '_25._tcp.mx.a.example TLSA'), 'may if-offered', 'avoid dane-required'],
  [
    '2.2.1: no records',
    { ...secure, '_25._tcp.mx.a.example TLSA': undefined },
    'may if-offered',
    'avoid dane-required',
  ],
  [
    '2.1.2: a failed look-up',
    { ...secure, '_25._tcp.mx.a.example TLSA': 'unavailable' },
    'avoid dnssec-invalid',
    'avoid dnssec-invalid',
  ],
  [
    '2.2: unusable records only',
    { ...secure, '_25._tcp.mx.a.example TLSA': [UNUSABLE] },
    'dane always tlsa-invalid',
    'avoid dane-required',
  ],
  [
    '3.1.3: an unusable record beside a usable one',
    { ...secure, '_25._tcp.mx.a.example TLSA': [UNUSABLE, GOOD] },
    'dane always mx.a.example',
    'dane-only always mx.a.example',
  ],
]

describe('RFC 7672', () => {
  it.each(rules)('%s', async (_rule, zone, expected, strict) => {
    expect(short(await decide(zone))).toBe(expected)
    expect(short(await decide(zone, { policy: 'dane-only' }))).toBe(strict)
  })
})

describe('the base domain (RFC 7672 section 2.2.2)', () => {
  const alias: Zone = {
    'a.example MX': ['10 mx.a.example'],
    'mx.a.example CNAME': ['host.b.example'],
    'host.b.example A': ['192.0.2.1'],
    authentic: [
      'a.example MX',
      'mx.a.example CNAME',
      'host.b.example A',
      '_25._tcp.host.b.example TLSA',
      '_25._tcp.mx.a.example TLSA',
    ],
  }

  it('is the host after CNAMEs, if everything is secure', async () => {
    const both = { ...alias, '_25._tcp.host.b.example TLSA': [GOOD], '_25._tcp.mx.a.example TLSA': [GOOD] }
    expect(short(await decide(both))).toBe('dane always host.b.example')
  })

  it('is the host itself, if its alias has no records', async () => {
    expect(short(await decide({ ...alias, '_25._tcp.mx.a.example TLSA': [GOOD] }))).toBe('dane always mx.a.example')
  })

  it('is the host itself, if a secure alias points into an insecure zone', async () => {
    const zone = insecure(
      { ...alias, '_25._tcp.host.b.example TLSA': [GOOD], '_25._tcp.mx.a.example TLSA': [GOOD] },
      'host.b.example A',
    )
    expect(short(await decide(zone))).toBe('dane always mx.a.example')
    expect(short(await decide(insecure(zone, 'mx.a.example CNAME')))).toBe('may if-offered')
    expect(
      short(await decide({ ...zone, 'mx.a.example TLSA': 'unavailable', '_25._tcp.mx.a.example TLSA': 'unavailable' })),
    ).toBe('avoid dnssec-invalid')
  })

  it('is asked for at the second name only if the first has no records, and a failure ends it', async () => {
    const zone: Zone = { ...alias, '_25._tcp.host.b.example TLSA': 'unavailable', '_25._tcp.mx.a.example TLSA': [GOOD] }
    expect(short(await decide(zone))).toBe('avoid dnssec-invalid')
  })

  it('has the port of the connection', async () => {
    const zone: Zone = {
      'mx.a.example A': ['192.0.2.1'],
      '_587._tcp.mx.a.example TLSA': [GOOD],
      authentic: ['mx.a.example A', '_587._tcp.mx.a.example TLSA'],
    }
    expect(short(await decide(zone, { nextHop: 'smtp:[mx.a.example]:587' }))).toBe('dane always mx.a.example')
    expect(short(await decide(zone, { nextHop: 'smtp:[mx.a.example]:588' }))).toBe('may if-offered')
  })

  it('is the domain itself without MX records, if DNSSEC proves that there are none', async () => {
    const zone: Zone = {
      'a.example A': ['192.0.2.1'],
      '_25._tcp.a.example TLSA': [GOOD],
      authentic: ['a.example MX', 'a.example A', '_25._tcp.a.example TLSA'],
    }
    expect(short(await decide(zone))).toBe('dane always a.example')
    expect(short(await decide(insecure(zone, 'a.example MX')))).toBe('may if-offered')
  })

  it('does not exist for an address', async () => {
    expect(short(await decide({}, { nextHop: 'smtp:[192.0.2.1]:25' }))).toBe('may if-offered')
  })
})

describe('the requirement', () => {
  it('has one key for one set of records and names', async () => {
    const key = async (zone: Zone, nextHop?: string) => {
      const decision = await decide(zone, nextHop === undefined ? {} : { nextHop })
      return decision.kind === 'use' ? decision.requirement.key : ''
    }
    const two = {
      ...secure,
      'b.example MX': ['10 mx.a.example'],
      authentic: [...(secure.authentic ?? []), 'b.example MX'],
    }
    expect(await key(secure)).toBe(await key(two))
    expect(await key(two, 'mx:b.example')).not.toBe(await key(two))
    expect(await key({ ...secure, '_25._tcp.mx.a.example TLSA': [`3 1 1 ${'0'.repeat(64)}`] })).not.toBe(
      await key(secure),
    )
  })

  it('does not apply to a message with TLS-Required: No, except where the operator demands it', async () => {
    expect(short(await decide(secure, { isTlsOptional: true }))).toBe('may if-offered')
    expect(
      short(await decide({ ...secure, '_25._tcp.mx.a.example TLSA': 'unavailable' }, { isTlsOptional: true })),
    ).toBe('may if-offered')
    expect(short(await decide(secure, { isTlsOptional: true, policy: 'dane-only' }))).toBe(
      'dane-only always mx.a.example',
    )
  })
})
