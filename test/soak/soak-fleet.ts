// The two nodes of a soak with their real roles: an mx behind a load balancer and an srs, with certificates, keys, routing data, and data folders
// on file systems that can be filled.

import { randomInt } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { createAuthority } from '../../src/demo/ca.ts'
import { generateKey } from '../../src/dkim/key-store.ts'
import { type KeyRecord, keyRecord } from '../../src/dkim/key-record.ts'
import { publicKeyDigest } from '../../src/lib/public-key-digest.ts'
import { freePort } from '../lib/free-port.ts'
import { OWN_DOMAIN, routingData, SRS_DOMAIN } from './mail-plan.ts'
import { makeSoakDisk, type SoakDisk } from './soak-disk.ts'
import { createSoakNode, type SoakNode } from './soak-node.ts'

export const HOST_NAMES = { mx: `mx-01.${OWN_DOMAIN}`, srs: `srs-01.${OWN_DOMAIN}` } as const

/** Loopback addresses of one soak, in a network that other tests do not use by chance. */
export interface SoakAddresses {
  readonly mx: string
  readonly srs: string
  /** Mail hosts: for two pairs of far domains, for the boxes, for the senders. Each is in a separate network, because budgets of delivery have shares for networks. */
  readonly far: readonly [string, string]
  readonly box: string
  readonly senders: string
  /** An address at which no host listens. */
  readonly nothing: string
  readonly port: number
}

export interface SoakFleet {
  readonly mx: SoakNode
  readonly srs: SoakNode
  readonly disks: { readonly mx: SoakDisk | null; readonly srs: SoakDisk | null }
  readonly dkimRecords: readonly KeyRecord[]
  /** Changes the routing data of both nodes, so that a reload has something to read. */
  changeRouting(): void
  readonly close: () => void
}

export interface FleetSettings {
  readonly folder: string
  readonly addresses: SoakAddresses
  readonly dns: { readonly host: string; readonly port: number }
  readonly sessions: number
  /** Size of each node's file system. */
  readonly diskOctets: number
}

export async function chooseAddresses(): Promise<SoakAddresses> {
  const net = randomInt(1, 255)
  const at = (third: number) => `127.${net}.${third}.1`
  const [mx, srs] = [at(1), at(2)]
  return {
    mx,
    srs,
    far: [at(3), at(4)],
    box: at(5),
    senders: at(6),
    nothing: at(7),
    port: await freePort(mx),
  }
}

/** Writes the configuration; starts nothing. */
export async function prepareFleet(settings: FleetSettings): Promise<SoakFleet> {
  const { folder, addresses } = settings
  const authority = createAuthority('Soak')
  writeFileSync(join(folder, 'ca.pem'), authority.certificate)
  writeFileSync(join(folder, 'srs.secret'), 'a secret only for soaks\n', { mode: 0o600 })
  const dkimRecords = await generateKeys(join(folder, 'dkim'))
  const names = ['mx', 'srs'] as const
  const prints = new Map<string, string>()
  for (const name of names) {
    const issued = authority.issue({ names: [HOST_NAMES[name]], ips: [addresses[name]] })
    writeFileSync(join(folder, `${name}.pem`), issued.certificate)
    writeFileSync(join(folder, `${name}.key`), issued.key, { mode: 0o600 })
    prints.set(name, publicKeyDigest(issued.certificate))
  }
  let generation = 0
  const changeRouting = () => {
    const data = routingData(`smtp:[${addresses.box}]:${addresses.port}`, ++generation)
    writeFileSync(join(folder, 'mail.yaml'), stringify(data))
  }
  changeRouting()
  const made = await Promise.all(names.map((name) => makeNode(settings, name, prints)))
  const [mx, srs] = made as [(typeof made)[number], (typeof made)[number]]
  return {
    mx: mx.node,
    srs: srs.node,
    disks: { mx: mx.disk, srs: srs.disk },
    dkimRecords,
    changeRouting,
    close: () => {
      for (const { node, disk } of made) {
        node.abandon()
        disk?.remove()
      }
    },
  }
}

async function makeNode(settings: FleetSettings, name: 'mx' | 'srs', prints: ReadonlyMap<string, string>) {
  const { folder, addresses } = settings
  const place = join(folder, name)
  const disk = makeSoakDisk(place, settings.diskOctets)
  const data = join(place, 'data')
  mkdirSync(data, { recursive: true })
  const admin = `${addresses[name]}:${await freePort(addresses[name])}`
  const config = join(folder, `${name}.yaml`)
  writeFileSync(config, stringify(nodeYaml(settings, { name, data, admin, prints })))
  return { disk, node: createSoakNode({ name, config, data, admin, logFile: join(folder, `${name}.log`) }) }
}

async function generateKeys(directory: string): Promise<SoakFleet['dkimRecords']> {
  mkdirSync(directory)
  const spec = { selector: 'soak', algorithm: 'ed25519-sha256', stage: 'active' } as const
  const made = await Promise.all(
    [OWN_DOMAIN, SRS_DOMAIN].map((domain) => generateKey(directory, { ...spec, domain, now: Date.now() })),
  )
  return made.map((one) => {
    if (one.kind === 'refused') throw new Error(one.problem)
    return keyRecord(one.key)
  })
}

interface NodeSpec {
  readonly name: 'mx' | 'srs'
  readonly data: string
  readonly admin: string
  readonly prints: ReadonlyMap<string, string>
}

/**
 * The limits of strangers are those of a site with as many real clients as the soak has sessions; retries come within seconds. Everything else is
 * as an operator would have it.
 */
function nodeYaml(settings: FleetSettings, { name, data, admin, prints }: NodeSpec): Record<string, unknown> {
  const { folder, addresses, dns, sessions } = settings
  const peer = (role: 'mx' | 'srs') => ({
    host: `${HOST_NAMES[role]}:${addresses.port}`,
    fingerprints: [prints.get(role)],
  })
  const listener = `${addresses[name]}:${addresses.port}`
  const many = 100_000_000
  return {
    role: name,
    hostname: HOST_NAMES[name],
    domain: OWN_DOMAIN,
    data,
    listen: { smtp: name === 'mx' ? { address: listener, proxy: ['127.0.0.1/32'] } : listener },
    tls: { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`), ca: join(folder, 'ca.pem') },
    mail: [join(folder, 'mail.yaml')],
    dns: { servers: [`${dns.host}:${dns.port}`], timeout: '2s' },
    peers: { mx: [peer('mx')], srs: [peer('srs')] },
    srs: { domain: SRS_DOMAIN, secrets: [join(folder, 'srs.secret')] },
    dkim: { keys: join(folder, 'dkim') },
    admin: { listen: admin },
    delivery: { mx_port: addresses.port, source: { ipv4: addresses[name] } },
    queue: { minimal_backoff: '1s', maximal_backoff: '5s', min_free: '8M' },
    ...(name === 'srs' && { arc: { seal: true } }),
    ...(name === 'mx' && {
      dmarc: { reject: true },
      limits: {
        connections: sessions * 4,
        messages_per_ip: many,
        recipients_per_ip: many,
        octets_per_ip: 1e15,
        errors_per_ip: many,
        unknown_recipients_per_ip: many,
      },
    }),
  }
}
