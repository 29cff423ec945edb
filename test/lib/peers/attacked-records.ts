// What the attacked domains of a test publish, and what the attackers make of it.

import type dnsPacket from 'dns-packet'
import { createAuthority } from '../../../src/demo/ca.ts'
import { createCertificateTree } from '../certificate-tree.ts'
import type { DnsForger } from '../dns-forger.ts'
import type { Interception } from '../man-in-the-middle.ts'
import type { PolicyServer } from '../policy-server.ts'
import type { SmtpPeer } from '../smtp-peer.ts'
import type { World } from '../whole-node.ts'
import {
  type Cell,
  cells,
  hostOf,
  type Intercepted,
  isIntercepted,
  type PromiseOfDomain,
  signed,
  withPolicy,
} from './attacked-cells.ts'

/** SHA-256. */
const TLSA_OCTETS = 32

export interface Receiver {
  readonly peer: SmtpPeer
  readonly host: string
  /** SHA-256 of its public key. */
  readonly digest: Buffer
}

export type Receivers = ReadonlyMap<PromiseOfDomain, Receiver>

export function policyFor(cell: Cell): string {
  return `version: STSv1\nmode: enforce\nmx: ${hostOf(cell)}\nmax_age: 604800\n`
}

export function zonesOf(
  world: World,
  of: {
    readonly addresses: ReadonlyMap<string, string>
    readonly server: PolicyServer
    readonly receivers: Receivers
    /** More records of plain.test. */
    readonly others: string
  },
): Record<string, string> {
  const lines = (zone: string) =>
    cells
      .filter(({ domain }) => domain.endsWith(`.${zone}`))
      .flatMap(({ label, promise, attack }) => {
        // What is forged later must not be remembered.
        const ttl = isIntercepted(attack) ? 60 : 1
        const digest = of.receivers.get(promise)?.digest.toString('hex')
        return [
          `${label} ${ttl} MX 10 mx.${label}`,
          `${label} ${ttl} TXT "v=spf1 ip4:127.0.0.0/8 -all"`,
          `mx.${label} ${ttl} A ${of.addresses.get(label)}`,
          ...(signed.has(promise) ? [`_${world.mxPort}._tcp.mx.${label} ${ttl} TLSA 3 1 1 ${digest}`] : []),
          ...(withPolicy.has(promise)
            ? [`_mta-sts.${label} ${ttl} TXT "v=STSv1; id=1;"`, `mta-sts.${label} ${ttl} A ${of.server.host}`]
            : []),
        ]
      })
      .join('\n')
  return { 'signed.test': lines('signed.test'), 'plain.test': `${lines('plain.test')}\n${of.others}` }
}

/** The attack on each domain, for the attacker in front of its host. */
export function interceptionsOf(world: World): (cell: Cell) => Interception {
  const names = cells.map(hostOf)
  const tree = createCertificateTree()
  const { pem, key } = tree.host(names)
  tree.close()
  const impersonate = (issued: { readonly certificate: string; readonly key: string }): Interception => ({
    kind: 'impersonate',
    certificate: issued.certificate,
    key: issued.key,
  })
  const selfSigned = impersonate({ certificate: pem, key })
  const attacks: Record<Intercepted, Interception> = {
    strip: { kind: 'strip' },
    refuse: { kind: 'refuse', reply: '454 4.7.0 TLS not available' },
    deny: { kind: 'refuse', reply: '502 5.5.1 Command not implemented' },
    'no-ehlo': { kind: 'no-ehlo' },
    'self-signed': selfSigned,
    'other-ca': impersonate(createAuthority('Other').issue({ names })),
    expired: impersonate(world.ca.issue({ names, days: -1 })),
    'other-name': impersonate(world.ca.issue({ names: ['mx.evil.plain.test'] })),
    'other-key': impersonate(world.ca.issue({ names })),
    inject: { kind: 'inject', text: '250-evil.test\r\n250 AUTH PLAIN\r\n' },
    cut: { kind: 'cut', after: 100 },
  }
  return ({ attack }) => (isIntercepted(attack) ? attacks[attack] : selfSigned)
}

type Forgeries = readonly (readonly [string, Parameters<DnsForger['forgeries']['set']>[1]])[]

export function forgeriesOf(cell: Cell, port: number, evil: string, receivers: Receivers): Forgeries {
  const { attack, domain } = cell
  const records = (answer: dnsPacket.Answer) => ({ kind: 'records', answers: [answer] }) as const
  const host = hostOf(cell)
  const tlsa = `_${port}._tcp.${host}`
  const nothing = Buffer.alloc(TLSA_OCTETS)
  switch (attack) {
    case 'forged-mx': {
      const data = { preference: 1, exchange: 'mx.evil.plain.test' }
      return [[`${domain} MX`, records({ type: 'MX', name: domain, ttl: 1, data })]]
    }
    case 'denied-mx':
      return [[`${domain} MX`, { kind: 'denial' }]]
    case 'forged-a':
      return [[`${host} A`, records({ type: 'A', name: host, ttl: 1, data: evil })]]
    case 'forged-tlsa': {
      const data = { usage: 3, selector: 1, matchingType: 1, certificate: nothing }
      return [[`${tlsa} TLSA`, records({ type: 'TLSA', name: tlsa, ttl: 1, data })]]
    }
    case 'altered-tlsa': {
      const from = receivers.get(cell.promise)?.digest as Buffer
      return [[`${tlsa} TLSA`, { kind: 'alteration', from, to: nothing }]]
    }
    case 'denied-tlsa':
      return [[`${tlsa} TLSA`, { kind: 'denial' }]]
    case 'denied-policy':
      return [[`_mta-sts.${domain} TXT`, { kind: 'denial' }]]
    case 'forged-policy': {
      const name = `_mta-sts.${domain}`
      return [
        [`${name} TXT`, records({ type: 'TXT', name, ttl: 1, data: 'v=STSv1; id=2;' })],
        [`mta-sts.${domain} A`, records({ type: 'A', name: `mta-sts.${domain}`, ttl: 1, data: evil })],
      ]
    }
    default:
      return []
  }
}
