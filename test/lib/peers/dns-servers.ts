// nsd with zones, signed or not, and unbound as the resolver that asks it, both on one loopback address and started for one test.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createStubResolver, stubDefaults } from '../../../src/dns/stub.ts'
import { freePort } from '../free-port.ts'
import { until } from '../until.ts'
import { type Signing, signZone } from './sign-zone.ts'

export interface DnsServers {
  /** The port of unbound. */
  readonly port: number
  /** The port on which unbound answers over TLS; 0 without `tls`. */
  readonly tlsPort: number
  /** The port of nsd. */
  readonly authority: number
  /** Ends nsd: the zones have no server from then on. */
  endAuthority(): Promise<void>
  close(): Promise<void>
}

export interface DnsPlace {
  /** The address of unbound; 127.0.0.1 by default. */
  readonly host?: string
  /** Its port; a free one by default. */
  readonly port?: number
  /** True: names outside the zones do not exist, so that no query leaves the machine. */
  readonly closed?: boolean
  /** The zones that are signed; unbound has the trust anchor of each and validates. */
  readonly signed?: Readonly<Record<string, Signing>>
  /** Starts what unbound asks in place of nsd, whose port it gets. Returns its port. */
  readonly between?: (authority: number) => Promise<number>
  /** True: unbound forgets within a second that an answer was broken, or that there was none. */
  readonly forgets?: boolean
  /** Unbound answers over TLS (RFC 7858) too, with this certificate. PEM. */
  readonly tls?: { readonly certificate: string; readonly key: string }
}

const FORGETFUL = ['val-bogus-ttl: 1', 'cache-max-negative-ttl: 1']

/** @param zones records of each zone, in the format of a zone file, relative to it */
export async function startDnsServers(
  zones: Readonly<Record<string, string>>,
  place: DnsPlace = {},
): Promise<DnsServers> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-dns-'))
  const authority = await freePort()
  const { host = '127.0.0.1', port = await freePort(), closed = false, signed = {} } = place
  const asked = place.between ? await place.between(authority) : authority
  const tlsPort = place.tls ? await freePort() : 0
  const server = [
    ...(place.forgets ? FORGETFUL : []),
    ...(place.tls ? tlsService(folder, host, tlsPort, place.tls) : []),
  ]
  for (const [zone, records] of Object.entries(zones))
    writeFileSync(
      join(folder, `${zone}.zone`),
      `$ORIGIN ${zone}.\n$TTL 60\n@ SOA ns.${zone}. root.${zone}. 1 60 60 60 5\n@ NS ns.${zone}.\nns A 127.0.0.1\n${records}\n`,
    )
  const anchors = Object.entries(signed).map(([zone, signing]) => signZone(folder, zone, signing))
  writeFileSync(join(folder, 'nsd.conf'), nsdConf(folder, authority, Object.keys(zones)))
  writeFileSync(
    join(folder, 'unbound.conf'),
    unboundConf(folder, { host, port, authority: asked, closed, anchors, server }, Object.keys(zones)),
  )
  const output = { text: '' }
  const nsd = run('nsd', ['-d', '-c', join(folder, 'nsd.conf')], output)
  const unbound = run('unbound', ['-d', '-p', '-c', join(folder, 'unbound.conf')], output)
  const [zone = ''] = Object.keys(zones)
  const resolver = createStubResolver({ ...stubDefaults, timeoutMs: 500, servers: [{ host, port }] })
  await until(async () => (await resolver.resolve(`ns.${zone}`, 'A')).kind === 'found', {
    what: 'nsd and unbound to answer',
    timeout: 15_000,
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${output.text}`)
  })
  return {
    port,
    tlsPort,
    authority,
    endAuthority: () => end(nsd),
    close: async () => {
      await Promise.all([end(nsd), end(unbound)])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function run(program: string, args: readonly string[], output: { text: string }): ChildProcess {
  const child = spawn(program, args, { env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` } })
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output.text += text))
  child.once('error', (error) => (output.text += error.message))
  return child
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}

function nsdConf(folder: string, port: number, zones: readonly string[]): string {
  const server = [
    'server:',
    `  ip-address: 127.0.0.1@${port}`,
    '  username: ""',
    '  chroot: ""',
    `  zonesdir: "${folder}"`,
  ]
  const files = ['nsd.pid', 'nsd.db', 'xfrd.state', 'zone.list'].map((name) => join(folder, name))
  const state = [
    `  pidfile: "${files[0]}"`,
    '  database: ""',
    `  xfrdfile: "${files[2]}"`,
    `  zonelistfile: "${files[3]}"`,
  ]
  const served = zones.flatMap((zone) => ['zone:', `  name: "${zone}"`, `  zonefile: "${zone}.zone"`])
  return [...server, ...state, `  xfrdir: "${folder}"`, 'remote-control:', '  control-enable: no', ...served, ''].join(
    '\n',
  )
}

function tlsService(folder: string, host: string, port: number, tls: NonNullable<DnsPlace['tls']>): string[] {
  const [key, pem] = [join(folder, 'tls.key'), join(folder, 'tls.pem')]
  writeFileSync(key, tls.key)
  writeFileSync(pem, tls.certificate)
  return [`interface: ${host}@${port}`, `tls-port: ${port}`, `tls-service-key: "${key}"`, `tls-service-pem: "${pem}"`]
}

/** Unbound says with an error whether DNSSEC is its cause (RFC 8914). */
function validation(anchors: readonly string[]): string[] {
  if (anchors.length === 0) return ['  module-config: "iterator"']
  const trusted = anchors.map((anchor) => `  trust-anchor: "${anchor.replaceAll(/\s+/g, ' ')}"`)
  return ['  module-config: "validator iterator"', '  ede: yes', ...trusted]
}

function unboundConf(
  folder: string,
  at: {
    readonly host: string
    readonly port: number
    readonly authority: number
    readonly closed: boolean
    readonly anchors: readonly string[]
    readonly server: readonly string[]
  },
  zones: readonly string[],
): string {
  return [
    'server:',
    `  interface: ${at.host}`,
    `  port: ${at.port}`,
    '  username: ""',
    '  chroot: ""',
    `  directory: "${folder}"`,
    '  pidfile: ""',
    '  use-syslog: no',
    '  logfile: ""',
    '  do-not-query-localhost: no',
    ...validation(at.anchors),
    ...at.server.map((line) => `  ${line}`),
    '  do-ip6: no',
    ...(at.closed ? ['  local-zone: "." static'] : []),
    ...zones.map((zone) => `  local-zone: "${zone}." ${at.closed ? 'transparent' : 'nodefault'}`),
    'remote-control:',
    '  control-enable: no',
    ...zones.flatMap((zone) => ['stub-zone:', `  name: "${zone}"`, `  stub-addr: 127.0.0.1@${at.authority}`]),
    '',
  ].join('\n')
}
