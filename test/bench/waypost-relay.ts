// Runs `waypost run` as a relay for the benchmark: the role of relay-role.yaml, one next hop for all mail, and the environment of
// deploy/waypost.service.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Issued } from '../../src/demo/ca.ts'
import { freePort } from '../lib/free-port.ts'
import { until } from '../lib/until.ts'
import type { Relay } from './round.ts'
import { unitEnvironment } from './unit-environment.ts'

const root = join(import.meta.dirname, '../..')
/** A node drains for up to 30 s; then it is killed. */
const DRAIN = 45_000
/** Start timeout; a queue of a million messages opens within it. */
const START_PATIENCE = 60_000
const LOOK_EVERY = 5

export interface WaypostSpec {
  readonly sinkPort: number
  readonly sessions: number
  /** Offers STARTTLS with this certificate. */
  readonly tls?: Issued
  /** An existing data folder, which is kept. Default: a new one, which is removed with the relay. */
  readonly data?: string
  /** A folder for processor profiles, written at the stop. */
  readonly profiles?: string
  /** The node's YAML instead of that of a relay for one peer: for its folder, which has an empty folder `data`, and its port. */
  readonly configuration?: (folder: string, port: number) => string
  /** The checkout to run. Default: this one. */
  readonly root?: string
  /** Variables beyond those of the unit. */
  readonly environment?: Readonly<Record<string, string>>
  /** Additional arguments of Node.js. */
  readonly flags?: readonly string[]
}

export interface WaypostRelay extends Relay {
  /** Seconds from the start of the process to `ready` in its log. */
  readonly readyAfter: number
  /** Kills it, as a crash. */
  kill(): Promise<void>
}

/** Default settings, except that one client may open as many sessions as the load has (Postfix exempts its own networks). */
const nodeYaml = (folder: string, port: number, spec: WaypostSpec): string => `
role: ${join(folder, 'role.yaml')}
hostname: bench.relay.example
domain: relay.example
data: ${spec.data ?? join(folder, 'data')}
listen: { smtp: "127.0.0.1:${port}" }
peers: { source: [{ host: "127.0.0.1:1", addresses: ["127.0.0.1/32"] }] }
smarthost: "smtp:[127.0.0.1]:${spec.sinkPort}"
limits: { connections: ${spec.sessions * 4}, connections_per_ip: ${spec.sessions * 4} }
${spec.tls ? `tls: { certificate: ${join(folder, 'tls.pem')}, key: ${join(folder, 'tls.key')} }` : ''}
`

function writeConfiguration(folder: string, port: number, spec: WaypostSpec): string {
  const role = readFileSync(join(import.meta.dirname, 'relay-role.yaml'), 'utf8')
  writeFileSync(join(folder, 'role.yaml'), spec.tls ? role.replace('tls: none', 'tls: starttls') : role)
  if (spec.tls) {
    writeFileSync(join(folder, 'tls.pem'), spec.tls.certificate)
    writeFileSync(join(folder, 'tls.key'), spec.tls.key, { mode: 0o600 })
  }
  mkdirSync(join(folder, 'data'))
  const yaml = spec.configuration?.(folder, port) ?? nodeYaml(folder, port, spec)
  writeFileSync(join(folder, 'node.yaml'), yaml)
  return join(folder, 'node.yaml')
}

/** Starts a node whose next hop is the sink and waits until it is ready. */
export async function startWaypostRelay(spec: WaypostSpec): Promise<WaypostRelay> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-bench-'))
  const port = await freePort()
  const yaml = writeConfiguration(folder, port, spec)
  const log = join(folder, 'log')
  const started = performance.now()
  const child = spawnNode(yaml, log, spec)
  const read = () => readFileSync(log, 'utf8')
  const running = () => child.exitCode === null && child.signalCode === null
  const ready = () => !running() || read().includes('"msg":"ready"')
  await until(ready, { what: 'the node to be ready', timeout: START_PATIENCE, every: LOOK_EVERY })
  const readyAfter = (performance.now() - started) / 1000
  if (!running()) throw new Error(`the node did not start:\n${read()}`)
  const end = async (signal: NodeJS.Signals) => {
    await endProcess(child, signal)
    rmSync(folder, { recursive: true, force: true })
  }
  const ends = { stop: () => end('SIGTERM'), kill: () => end('SIGKILL') }
  return { port, pid: child.pid as number, readyAfter, getsFaster: true, ...ends }
}

function spawnNode(yaml: string, log: string, spec: WaypostSpec): ChildProcess {
  const { profiles, environment, flags: more = [] } = spec
  const out = openSync(log, 'a')
  const flags = profiles === undefined ? more : ['--cpu-prof', `--cpu-prof-dir=${profiles}`, ...more]
  const child = spawn(process.execPath, [...flags, 'src/main.ts', 'run', '-c', yaml], {
    cwd: spec.root ?? root,
    stdio: ['ignore', out, out],
    env: { ...process.env, ...unitEnvironment(), ...environment },
  })
  closeSync(out)
  return child
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await Promise.race([ended, sleep(DRAIN, undefined, { ref: false })])
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  await ended
}
