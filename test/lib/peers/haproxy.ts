// A throw-away HAProxy: own configuration and folder, loopback ports, in front of one listener.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { until } from '../until.ts'

export interface HaproxySettings {
  /** Port of the listener on 127.0.0.1. */
  readonly target: number
  /** Address that HAProxy connects from. */
  readonly source: string
  /** Options of its server line, such as `send-proxy-v2 check`. `PORT` stands for the port of the listener. */
  readonly server: string
  /** Further lines of the backend, such as `option smtpchk`. */
  readonly backend?: readonly string[]
}

export interface Haproxy {
  /** Port on 127.0.0.1. */
  readonly port: number
  /** The state of its server, such as `UP`, and the result of the last health check, such as `L7OK`. */
  state(): Promise<{ readonly status: string; readonly check: string }>
  stop(): Promise<void>
}

/** Starts HAProxy and waits until it listens. */
export async function startHaproxy({ target, source, server, backend = [] }: HaproxySettings): Promise<Haproxy> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-haproxy-'))
  const socket = join(folder, 'stats')
  const file = join(folder, 'haproxy.cfg')
  const port = await freePort()
  const lines = [
    'global',
    `stats socket ${socket}`,
    'defaults',
    'mode tcp',
    'timeout connect 5s',
    'timeout client 60s',
    'timeout server 60s',
    'listen smtp',
    `bind 127.0.0.1:${port}`,
    `source ${source}`,
    ...backend,
    `server node 127.0.0.1:${target} ${server.replace('PORT', String(target))}`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  const child = spawn('/usr/sbin/haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (chunk) => void (errors += String(chunk)))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const isUp = async () => {
    if (child.exitCode !== null) throw new Error(`HAProxy did not start: ${errors}`)
    return stateOf(socket).then(
      () => true,
      () => false,
    )
  }
  await until(isUp, { what: 'HAProxy to answer' })
  return {
    port,
    state: () => stateOf(socket),
    stop: async () => {
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Reads the line of the server from the CSV of `show stat`. */
async function stateOf(path: string): Promise<{ status: string; check: string }> {
  const csv = await new Promise<string>((resolve, reject) => {
    let text = ''
    const socket = connect(path, () => void socket.write('show stat\n'))
    socket.on('data', (chunk) => void (text += String(chunk)))
    socket.once('end', () => resolve(text))
    socket.once('error', reject)
  })
  const [header = '', ...lines] = csv.split('\n')
  const names = header.replace(/^# /, '').split(',')
  const values = lines.map((line) => line.split(',')).find((line) => line[1] === 'node') ?? []
  const value = (name: string) => values[names.indexOf(name)] ?? ''
  // An asterisk means that the next check has begun.
  return { status: value('status'), check: value('check_status').replace('* ', '') }
}
