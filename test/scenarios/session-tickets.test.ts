// A node sends no TLS 1.3 session tickets, however it is started. OpenSSL's client prints each handshake message that it receives.

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseEnvironment } from '../bench/unit-environment.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const root = join(import.meta.dirname, '../..')
const installed = (text: string) => text.replaceAll('/opt/waypost', root)
const read = (file: string) => installed(readFileSync(join(root, file), 'utf8'))

let world: World
let node: WholeNode
let child: ChildProcess | null = null

beforeAll(async () => {
  world = await startWorld()
  node = await world.node({ role: 'mx', start: false, yaml: { peers: { srs: ['127.0.0.1'] } } })
})
afterAll(() => world.close())

type Tickets = { readonly tls13: number; readonly tls12: number }

/** Starts a node, counts the tickets of one session of each version, and stops it. */
async function tickets(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Tickets> {
  const [program = '', ...options] = command
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const env = { PATH, NODE_COMPILE_CACHE, WAYPOST_HOME: root, ...environment }
  child = spawn(program, [...options, 'run', '-c', node.config], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const started = child
  let output = ''
  started.stdout?.on('data', (text) => (output += String(text)))
  try {
    await until(() => output.includes('"msg":"ready"'), { what: 'the node to be ready' })
    return { tls13: await countTickets('-tls1_3'), tls12: await countTickets('-tls1_2') }
  } finally {
    const ended = new Promise((resolve) => started.once('exit', resolve))
    started.kill()
    await ended
  }
}

/** Sends NOOP after the handshake, so that everything that the server sends after it has arrived before the 250. */
function countTickets(version: string): Promise<number> {
  const at = `${node.address}:${node.port}`
  const client = spawn('openssl', ['s_client', '-connect', at, '-starttls', 'smtp', version, '-msg', '-crlf'])
  return new Promise((resolve, reject) => {
    let output = ''
    client.stdout.on('data', (text) => {
      output += String(text)
      if (!output.includes('250 2.0.0 OK')) return
      client.kill()
      resolve(output.split('NewSessionTicket').length - 1)
    })
    client.once('error', reject)
    client.once('close', () => reject(new Error(`openssl ended early:\n${output}`)))
    client.stdin.on('error', () => undefined)
    client.stdin.write('NOOP\n')
  })
}

/** The ticket of TLS 1.2 shows that the test finds tickets. */
const none: Tickets = { tls13: 0, tls12: 1 }

it('started as the command of the package', async () => {
  expect(await tickets([process.execPath, join(root, 'src/main.ts')])).toEqual(none)
})

it('started by the installed wrapper, and by the unit, which calls it', async () => {
  const unit = read('deploy/waypost.service')
  expect(unit).toContain('ExecStart=/usr/local/bin/waypost run -c')
  expect(await tickets([join(root, 'deploy/waypost')], { NODE: process.execPath })).toEqual(none)
  const { NODE_COMPILE_CACHE: _, ...environment } = parseEnvironment(unit)
  expect(await tickets([join(root, 'deploy/waypost')], { ...environment, NODE: process.execPath })).toEqual(none)
})

it('started by the image', async () => {
  const [, entry] = /^ENTRYPOINT (\[.*\])$/m.exec(read('Dockerfile')) ?? []
  const [program, ...options] = JSON.parse(entry ?? '[]') as string[]
  expect(program).toBe('node')
  expect(await tickets([process.execPath, ...options])).toEqual(none)
})

it('leaves an OpenSSL configuration of the operator in use', async () => {
  const own = { OPENSSL_CONF: '/dev/null' }
  expect((await tickets([process.execPath, join(root, 'src/main.ts')], own)).tls13).toBeGreaterThan(0)
  expect((await tickets([join(root, 'deploy/waypost')], { ...own, NODE: process.execPath })).tls13).toBeGreaterThan(0)
})
