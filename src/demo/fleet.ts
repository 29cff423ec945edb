// The demonstration's fleet: four nodes as real processes, with certificates of a temporary authority, new DKIM keys and the routing data of
// hiera-examples/. All files are in one temporary folder.

import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { generateKey } from '../dkim/key-store.ts'
import { keyRecord } from '../dkim/key-record.ts'
import type { KeyRecord } from '../dkim/key-record.ts'
import { createPasswordPool } from '../auth/password-pool.ts'
import { systemClock } from '../lib/clock.ts'
import { makeDirectory } from '../lib/make-directory.ts'
import { programFolder } from '../lib/program-files.ts'
import { publicKeyDigest } from '../lib/public-key-digest.ts'
import { nodeAddresses } from './demo-addresses.ts'
import type { NodeName } from './demo-addresses.ts'
import { createAuthority } from './ca.ts'
import type { Authority, Issued } from './ca.ts'
import { startNodeProcess } from './node-process.ts'
import type { NodeProcess } from './node-process.ts'

export const DOMAIN = 'example.org'
/** Outside the organisation of DOMAIN, so that no envelope of a forward aligns with an author of ours. */
export const SRS_DOMAIN = 'forwards.example'
/** The account and the machine of the demonstration. */
export const person = { name: 'lee', password: 'correct horse battery staple' } as const
export const machine = 'ci-01'

/** Scenario (g) waits for a retry; the default back-off would make it wait five minutes. */
const DEMO_BACKOFF = '2s'

export interface Fleet {
  readonly folder: string
  readonly ports: { readonly smtp: number; readonly submissions: number; readonly submission: number }
  readonly authority: Authority
  readonly machineCertificate: Issued
  /** The DNS records of the DKIM keys. */
  readonly dkimRecords: readonly KeyRecord[]
  configOf(node: NodeName): string
  dataOf(node: NodeName): string
  /** Changes the YAML of a node, or writes that of a further one. Before it starts. */
  configure(node: string, change: (yaml: NodeYaml) => NodeYaml): void
  /** Starts one node; `start` starts those of every demonstration. */
  startNode(node: string): Promise<void>
  /** Kills a node as a failed host does. */
  kill(node: NodeName): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

export type NodeYaml = Readonly<Record<string, unknown>>

export interface FleetSettings {
  readonly folder: string
  readonly ports: Fleet['ports']
  readonly dns: { readonly host: string; readonly port: number }
}

/** Writes the configuration, certificates, keys and accounts of all nodes; `start` starts the processes. */
export async function prepareFleet(settings: FleetSettings): Promise<Fleet> {
  const { folder } = settings
  const authority = createAuthority('Waypost demonstration')
  writeSecret(join(folder, 'ca.pem'), authority.certificate)
  const names = Object.keys(nodeAddresses) as NodeName[]
  const certificates = new Map(
    names.map((name) => [name, authority.issue({ names: [hostOf(name)], ips: [nodeAddresses[name]] })]),
  )
  for (const [name, issued] of certificates) writePair(folder, name, issued)
  const machineCertificate = authority.issue({ names: [`${machine}.${DOMAIN}`], client: true })
  writePair(folder, machine, machineCertificate)
  await writeAccounts(folder, machineCertificate)
  const dkimRecords = await generateKeys(join(folder, 'dkim'))
  const print = (name: NodeName) => publicKeyDigest((certificates.get(name) as Issued).certificate)
  for (const name of names) writeFileSync(join(folder, `${name}.yaml`), stringify(nodeYaml(settings, name, print)))
  return { ...running(settings), authority, machineCertificate, dkimRecords }
}

export function hostOf(name: NodeName): string {
  return `${name}-01.${DOMAIN}`
}

type Running = Pick<
  Fleet,
  'folder' | 'ports' | 'configOf' | 'dataOf' | 'configure' | 'startNode' | 'kill' | 'start' | 'stop'
>

function running(settings: FleetSettings): Running {
  const { folder, ports } = settings
  const processes = new Map<string, NodeProcess>()
  const startNode = async (name: string) =>
    void processes.set(name, await startNodeProcess(configOf(name), join(folder, `${name}.log`)))
  const configOf = (name: string) => join(folder, `${name}.yaml`)
  return {
    folder,
    ports,
    configOf,
    dataOf: (name) => parse(readFileSync(configOf(name), 'utf8')).data,
    configure: (name, change) => {
      const before: NodeYaml = existsSync(configOf(name)) ? parse(readFileSync(configOf(name), 'utf8')) : {}
      writeFileSync(configOf(name), stringify(change(before)))
    },
    startNode,
    kill: async (name) => processes.get(name)?.stop('SIGKILL'),
    start: async () => {
      // Wait for all, even if one fails: `stop` must know every running process.
      const started = await Promise.allSettled(Object.keys(nodeAddresses).map(startNode))
      const failed = started.find((one) => one.status === 'rejected')
      if (failed) throw failed.reason
    },
    stop: async () => void (await Promise.all([...processes.values()].map((one) => one.stop()))),
  }
}

async function writeAccounts(folder: string, machineCertificate: Issued): Promise<void> {
  const pool = createPasswordPool({ workers: 1 })
  const hash = await pool.hash('ARGON2ID', person.password)
  await pool.close()
  if (hash === null) throw new Error('the password of the demonstration cannot be hashed')
  writeSecret(join(folder, 'passwd'), `${person.name}:${hash}\n`)
  const machines = {
    machines: [
      {
        name: machine,
        fingerprints: [`sha256:${publicKeyDigest(machineCertificate.certificate)}`],
        senders: [`${machine}@${DOMAIN}`, `builds@${DOMAIN}`],
      },
    ],
  }
  writeSecret(join(folder, 'machines.yaml'), stringify(machines))
  writeSecret(join(folder, 'srs.secret'), `${randomBytes(24).toString('base64url')}\n`)
}

async function generateKeys(directory: string): Promise<Fleet['dkimRecords']> {
  makeDirectory(directory)
  const algorithms = [
    { selector: 'rsa2026', algorithm: 'rsa-sha256' },
    { selector: 'ed2026', algorithm: 'ed25519-sha256' },
  ] as const
  const wanted = [DOMAIN, SRS_DOMAIN].flatMap((domain) => algorithms.map((one) => ({ ...one, domain })))
  const made = await Promise.all(
    wanted.map((one) => generateKey(directory, { ...one, stage: 'active', now: systemClock.now() })),
  )
  return made.map((one) => {
    if (one.kind === 'refused') throw new Error(one.problem)
    return keyRecord(one.key)
  })
}

function nodeYaml(settings: FleetSettings, name: NodeName, print: (name: NodeName) => string): Record<string, unknown> {
  const { folder, ports, dns } = settings
  const peer = (role: NodeName) => ({ host: `${hostOf(role)}:${ports.smtp}`, fingerprints: [print(role)] })
  const own = nodeAddresses[name]
  return {
    role: name,
    hostname: hostOf(name),
    domain: DOMAIN,
    data: join(folder, `${name}.data`),
    listen: listeners(name, own, ports),
    tls: { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`), ca: join(folder, 'ca.pem') },
    hiera: join(programFolder('hiera-examples', folder), 'hiera.yaml'),
    dns: { servers: [`${dns.host}:${dns.port}`] },
    peers: { mx: [peer('mx')], srs: [peer('srs')], submission: [peer('submission')], mta: [peer('mta')] },
    srs: { domain: SRS_DOMAIN, secrets: [join(folder, 'srs.secret')] },
    dkim: { keys: join(folder, 'dkim') },
    users: join(folder, 'passwd'),
    machines: join(folder, 'machines.yaml'),
    delivery: { mx_port: ports.smtp, source: { ipv4: own } },
    queue: { minimal_backoff: DEMO_BACKOFF, maximal_backoff: DEMO_BACKOFF, min_free: '1M' },
  }
}

function listeners(name: NodeName, address: string, ports: Fleet['ports']): Record<string, string> {
  if (name === 'mx' || name === 'srs') return { smtp: `${address}:${ports.smtp}` }
  const submission = { submission: `${address}:${ports.submission}` }
  return name === 'mta' ? submission : { submissions: `${address}:${ports.submissions}`, ...submission }
}

function writePair(folder: string, name: string, issued: Issued): void {
  writeFileSync(join(folder, `${name}.pem`), issued.certificate)
  writeSecret(join(folder, `${name}.key`), issued.key)
}

function writeSecret(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 })
}
