// `waypost run` as a relay for the benchmark: the role of relay-role.yaml, a throw-away data folder, one next hop for all mail.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../lib/free-port.ts'
import { isListening } from '../lib/listening.ts'
import { until } from '../lib/until.ts'
import type { Relay } from './round.ts'

const root = join(import.meta.dirname, '../..')
/** A node drains before it ends; one that does not is ended. */
const DRAIN = 15_000

/** Settings are the defaults, except that one client address may open as many sessions as the load has (Postfix exempts its networks). */
const nodeYaml = (folder: string, port: number, sinkPort: number, sessions: number): string => `
role: ${join(import.meta.dirname, 'relay-role.yaml')}
hostname: bench.example.org
domain: example.org
data: ${join(folder, 'data')}
listen: { smtp: "127.0.0.1:${port}" }
peers: { source: [{ host: "127.0.0.1:1", addresses: ["127.0.0.1/32"] }] }
smarthost: "smtp:[127.0.0.1]:${sinkPort}"
limits: { connections_per_ip: ${sessions * 4} }
`

/** Starts a node whose next hop is the sink and waits until it listens. */
export async function startWaypostRelay(sinkPort: number, sessions: number): Promise<Relay> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-bench-'))
  mkdirSync(join(folder, 'data'))
  const port = await freePort()
  const yaml = join(folder, 'node.yaml')
  writeFileSync(yaml, nodeYaml(folder, port, sinkPort, sessions))
  const log = openSync(join(folder, 'log'), 'a')
  const child = spawn(process.execPath, ['src/main.ts', 'run', '-c', yaml], { cwd: root, stdio: ['ignore', log, log] })
  closeSync(log)
  const ended = once(child, 'exit')
  const running = () => child.exitCode === null && child.signalCode === null
  await until(async () => !running() || (await isListening(port)), { what: 'the node to listen', timeout: 20_000 })
  if (!running()) throw new Error(`the node did not start:\n${readFileSync(join(folder, 'log'), 'utf8')}`)
  return {
    port,
    pid: child.pid as number,
    stop: async () => {
      child.kill('SIGTERM')
      await Promise.race([ended, sleep(DRAIN, undefined, { ref: false })])
      if (running()) child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
