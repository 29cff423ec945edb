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
}

/** @param zones records of each zone, in the format of a zone file, relative to it */
export async function startDnsServers(
  zones: Readonly<Record<string, string>>,
  place: DnsPlace = {},
): Promise<DnsServers> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-dns-'))
  const authority = await freePort()
  const { host = '127.0.0.1', port = await freePort(), closed = false, signed = {} } = place
  for (const [zone, records] of Object.entries(zones))
    writeFileSync(
      join(folder, `${zone}.zone`),
      `$ORIGIN ${zone}.\n$TTL 60\n@ SOA ns.${zone}. root.${zone}. 1 60 60 60 5\n@ NS ns.${zone}.\nns A 127.0.0.1\n${records}\n`,
    )
  const anchors = Object.entries(signed).map(([zone, signing]) => signZone(folder, zone, signing))
  writeFileSync(join(folder, 'nsd.conf'), nsdConf(folder, authority, Object.keys(zones)))
  writeFileSync(
    join(folder, 'unbound.conf'),
    unboundConf(folder, { host, port, authority, closed, anchors }, Object.keys(zones)),
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
    '  do-ip6: no',
    ...(at.closed ? ['  local-zone: "." static'] : []),
    ...zones.map((zone) => `  local-zone: "${zone}." ${at.closed ? 'transparent' : 'nodefault'}`),
    'remote-control:',
    '  control-enable: no',
    ...zones.flatMap((zone) => ['stub-zone:', `  name: "${zone}"`, `  stub-addr: 127.0.0.1@${at.authority}`]),
    '',
  ].join('\n')
}
