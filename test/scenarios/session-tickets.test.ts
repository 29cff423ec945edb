// A node sends no TLS 1.3 session tickets, however it is started. The executable, as image and package start it, is in executable.test.ts.

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseEnvironment } from '../bench/unit-environment.ts'
import { countTickets } from '../lib/session-tickets.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const root = join(import.meta.dirname, '../..')
const installed = (text: string) => text.replaceAll('/opt/waypost', root)
const read = (file: string) => installed(readFileSync(join(root, file), 'utf8'))

/** From the sources, without a cache of compiled code, on a busy machine. */
const START_MS = 50_000

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
    await until(() => output.includes('"msg":"ready"'), { what: 'the node to be ready', timeout: START_MS })
    return { tls13: await countTickets(node, '-tls1_3'), tls12: await countTickets(node, '-tls1_2') }
  } finally {
    const ended = new Promise((resolve) => started.once('exit', resolve))
    started.kill()
    await ended
  }
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

it('leaves an OpenSSL configuration of the operator in use', async () => {
  const own = { OPENSSL_CONF: '/dev/null' }
  expect((await tickets([process.execPath, join(root, 'src/main.ts')], own)).tls13).toBeGreaterThan(0)
  expect((await tickets([join(root, 'deploy/waypost')], { ...own, NODE: process.execPath })).tls13).toBeGreaterThan(0)
})
