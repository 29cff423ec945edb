// DANE against a real validating resolver: unbound asks nsd for zones that are signed, unsigned, spoiled and expired. Each rule of RFC 7672, and
// faults that are known of other programs, with SMTP servers whose certificates are real.

import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHostFinder } from '../../src/delivery/hosts/host-finder.ts'
import { createSmtpTransport } from '../../src/delivery/smtp-client/smtp-transport.ts'
import { MX_ADDRESS_LIMIT } from '../../src/delivery/hosts/host-settings.ts'
import { type PolicyName, tlsPolicies } from '../../src/delivery/tls-policy/configured-policies.ts'
import type { Resolver } from '../../src/dns/resolver.ts'
import { createStubResolver, stubDefaults } from '../../src/dns/stub.ts'
import { probeValidation } from '../../src/dns/validation.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { createCertificateTree, type TreeCertificate } from '../lib/certificate-tree.ts'
import { freePort } from '../lib/free-port.ts'
import { type DnsServers, startDnsServers } from '../lib/peers/dns-servers.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { type SmtpPeer, startSmtpPeer } from '../lib/smtp-peer.ts'
import { openTarget, policyPorts, transportSettings } from '../lib/transport-settings.ts'

const SECURED = '127.0.41.1'
const CLEAR = '127.0.41.2'

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex')
const WRONG = `3 1 1 ${'00'.repeat(32)}`

interface Certificates {
  readonly host: TreeCertificate
  readonly middle: TreeCertificate
  readonly root: TreeCertificate
}

/** Hosts below `zone`, each the MX host of the domain of its name. */
function zoneWith(port: number, hosts: Readonly<Record<string, readonly string[]>>, address = SECURED): string {
  return Object.entries(hosts)
    .flatMap(([name, records]) => [
      `${name} MX 10 mx.${name}`,
      `mx.${name} A ${address}`,
      ...records.map((record) => `_${port}._tcp.mx.${name} TLSA ${record}`),
    ])
    .join('\n')
}

function zones(port: number, { host, middle, root }: Certificates): Record<string, string> {
  const good = `3 1 1 ${sha256(host.publicKey)}`
  const signed = [
    zoneWith(port, {
      good: [good],
      wrong: [WRONG],
      none: [],
      unusable: [`1 1 1 ${sha256(host.publicKey)}`, '3 1 9 00'],
      roll: [WRONG, good],
      weak: [good, `3 1 2 ${'00'.repeat(64)}`],
      'any-of-chain': [`3 1 1 ${sha256(middle.publicKey)}`],
      'ta-named': [`2 1 1 ${sha256(root.publicKey)}`],
      'ta-other-name': [`2 1 1 ${sha256(middle.publicKey)}`],
    }),
    zoneWith(port, { 'clear-good': [good], 'clear-unusable': [`0 0 1 ${sha256(host.der)}`], 'clear-none': [] }, CLEAR),
    'alias MX 10 mx.alias\nmx.alias CNAME mx.good',
    `alias-out MX 10 mx.alias-out\nmx.alias-out CNAME host.unsigned.test.\n_${port}._tcp.mx.alias-out TLSA ${WRONG}`,
    `record-alias MX 10 mx.record-alias\nmx.record-alias A ${SECURED}\n_${port}._tcp.mx.record-alias CNAME _${port}._tcp.mx.wrong`,
    `itself A ${SECURED}\n_${port}._tcp.itself TLSA ${WRONG}`,
    'spoiled-record MX 10 mx.spoiled-record.badtlsa.test.\nspoiled-denial MX 10 mx.spoiled-denial.baddenial.test.',
  ].join('\n')
  return {
    'signed.test': signed,
    'unsigned.test': `${zoneWith(port, { plain: [WRONG] })}\nhost A ${SECURED}\ncross MX 10 mx.wrong.signed.test.`,
    'bogus.test': zoneWith(port, { any: [good] }),
    'expired.test': zoneWith(port, { any: [good] }),
    'badtlsa.test': zoneWith(port, { 'spoiled-record': [good] }),
    'baddenial.test': zoneWith(port, { 'spoiled-denial': [] }),
  }
}

const signing = {
  'signed.test': {},
  'bogus.test': { spoil: (zone: string) => zone.replaceAll(SECURED, '127.0.41.9').replaceAll('10 mx.', '20 mx.') },
  'expired.test': { isExpired: true },
  'badtlsa.test': { spoil: (zone: string) => zone.replaceAll(/(TLSA\s+3 1 1 )[0-9a-f]{2}/gi, '$1ff') },
  // Without the NSEC record of the host, the answer "no TLSA records" is not proven.
  'baddenial.test': { spoil: (zone: string) => zone.replaceAll(/^\S*mx\.\S+\s.*\bNSEC\b.*$/gm, '') },
}

describe.runIf(ensurePeers(['nsd', 'unbound', 'ldns', 'openssl']))('DANE behind unbound and nsd', () => {
  const tree = createCertificateTree()
  let dns: DnsServers
  let resolver: Resolver
  const peers: SmtpPeer[] = []
  let open: (domain: string, policy?: PolicyName) => Promise<string>

  beforeAll(async () => {
    const root = tree.authority('Root')
    const middle = tree.authority('Middle', root)
    const host = tree.host(['mx.ta-named.signed.test'], middle)
    const chain = { cert: [host, middle, root].map(({ pem }) => pem).join('\n'), key: host.key }
    const port = await freePort()
    peers.push(await startSmtpPeer({ host: SECURED, port, tls: chain }), await startSmtpPeer({ host: CLEAR, port }))
    dns = await startDnsServers(zones(port, { host, middle, root }), { signed: signing, closed: true })
    const servers = [{ host: '127.0.0.1', port: dns.port }]
    resolver = createStubResolver({ ...stubDefaults, timeoutMs: 2000, servers })
    const transport = createSmtpTransport(transportSettings(), { clock: systemClock })
    open = async (domain, policy = 'dane') => {
      const limits = { ourNames: new Set<string>(), ourAddresses: new Set<string>(), addressLimit: MX_ADDRESS_LIMIT }
      const settings = { peers: new Map(), peerTls: tlsPolicies.may, tls: tlsPolicies[policy], mxPort: port, ...limits }
      const hosts = await createHostFinder(settings, { resolver, random: systemRandom }).find(`mx:${domain}`)
      if (hosts.kind === 'none') return `${hosts.permanent ? 'failed' : 'deferred'} ${hosts.status}`
      const [target] = hosts.targets
      if (!target) return 'no host'
      const opened = await openTarget(transport, target, policyPorts(resolver))
      if (opened.kind === 'open') opened.connection.close()
      const { tls } = opened.kind === 'open' ? opened.connection : opened
      return `${opened.kind === 'open' ? tls?.level : 'deferred'} ${tls?.policy}${tls?.failure ? ` ${tls.failure}` : ''}`
    }
  })
  afterAll(async () => {
    await Promise.all([dns.close(), ...peers.map((peer) => peer.close())])
    tree.close()
  })

  it.each([
    ['good.signed.test', 'verified dane'],
    ['roll.signed.test', 'verified dane'],
    ['ta-named.signed.test', 'verified dane'],
    ['alias.signed.test', 'verified dane'],
    ['wrong.signed.test', 'deferred dane certificate-not-trusted'],
    // A known fault of peers: any certificate of the chain is accepted.
    ['any-of-chain.signed.test', 'deferred dane certificate-not-trusted'],
    // A known fault of peers: a CA in the record vouches for every name.
    ['ta-other-name.signed.test', 'deferred dane certificate-host-mismatch'],
    // RFC 7671 section 9: the weaker digest fits and does not count.
    ['weak.signed.test', 'deferred dane certificate-not-trusted'],
    // The records behind a CNAME, and those of a domain without MX records, count.
    ['record-alias.signed.test', 'deferred dane certificate-not-trusted'],
    ['itself.signed.test', 'deferred dane certificate-not-trusted'],
    // A secure alias into an insecure zone keeps its own records.
    ['alias-out.signed.test', 'deferred dane certificate-not-trusted'],
    // A known fault of peers: unusable records count as none.
    ['unusable.signed.test', 'encrypted dane tlsa-invalid'],
    ['clear-unusable.signed.test', 'deferred dane starttls-not-supported'],
    ['clear-good.signed.test', 'deferred dane starttls-not-supported'],
    ['clear-none.signed.test', 'none may starttls-not-supported'],
    ['none.signed.test', 'encrypted may'],
    // Insecure: the wrong record does not count, and nothing fails.
    ['plain.unsigned.test', 'encrypted may'],
    ['cross.unsigned.test', 'encrypted may'],
    // Bogus: never sent.
    ['any.bogus.test', 'deferred 4.4.3'],
    ['any.expired.test', 'deferred 4.4.3'],
    ['spoiled-record.signed.test', 'deferred dane dnssec-invalid'],
    ['spoiled-denial.signed.test', 'deferred dane dnssec-invalid'],
  ])('%s: %s', async (domain, expected) => {
    expect(await open(domain)).toBe(expected)
  })

  it('says why a look-up fails: DNSSEC', async () => {
    for (const name of ['any.bogus.test', 'any.expired.test'])
      expect(await resolver.resolve(name, 'MX')).toMatchObject({
        kind: 'unavailable',
        isBogus: true,
        cause: expect.stringMatching(/DNSSEC/),
      })
  })

  it('the resolver is found to validate', async () => {
    const probe = (signed: string) => probeValidation(resolver, { signed, bogus: 'mx.any.bogus.test' })
    expect(await probe('signed.test')).toEqual({ kind: 'validates' })
    expect(await probe('unsigned.test')).toMatchObject({ kind: 'missing' })
  })

  it.each([
    ['good.signed.test', 'verified dane-only'],
    ['none.signed.test', 'deferred dane-only dane-required'],
    ['unusable.signed.test', 'deferred dane-only dane-required'],
    ['plain.unsigned.test', 'deferred dane-only dane-required'],
  ])('dane-only: %s: %s', async (domain, expected) => {
    expect(await open(domain, 'dane-only')).toBe(expected)
  })
})
