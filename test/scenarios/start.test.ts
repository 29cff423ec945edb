// Signals during the start of a node: SIGHUP must not end it, SIGTERM must. A directory server that does not answer delays the start.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lstatSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { testedCommand } from '../lib/tested-program.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

let world: World
let node: WholeNode
let silent: Server
let connections: Socket[]
let child: ChildProcess
let output: string

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

beforeEach(async () => {
  connections = []
  silent = createServer((socket) => void connections.push(socket.on('error', () => undefined)))
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const urls = [`ldap://127.0.0.1:${(silent.address() as AddressInfo).port}`]
  node = await world.node({ role: 'mx', start: false, yaml: { peers: { srs: ['127.0.0.1'] } } })
  node.configure({ directory: { ldap: { urls, base: 'dc=example,dc=org', timeout: '25s' } } })
  child = spawn(...testedCommand(['run', '-c', node.config]), { stdio: ['ignore', 'pipe', 'pipe'] })
  output = ''
  child.stdout?.on('data', (text) => (output += String(text)))
  child.stderr?.on('data', (text) => (output += String(text)))
  await until(() => connections.length > 0, { what: 'the connection to the directory server' })
})
afterEach(() => {
  child.kill('SIGKILL')
  for (const socket of connections) socket.destroy()
  silent.close()
})

function disconnectDirectory(): void {
  silent.close()
  for (const socket of connections) socket.destroy()
}

it('becomes ready and reloads after an earlier SIGHUP', async () => {
  child.kill('SIGHUP')
  disconnectDirectory()
  await until(() => output.includes('"msg":"ready"'), { what: 'the node to be ready' })
  await until(() => output.includes('"msg":"reloaded"'), { what: 'the reload' })
  expect(child.signalCode).toBeNull()
})

it('ends at once with exit code 0 after SIGTERM', async () => {
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})

it('replaces the control socket of a crashed process when it has locked the queue', async () => {
  const socket = join(node.data, 'control.sock')
  writeFileSync(socket, '')
  disconnectDirectory()
  await until(() => output.includes('"msg":"ready"'), { what: 'the node to be ready' })
  expect(lstatSync(socket).isSocket()).toBe(true)
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
  expect(existsSync(socket)).toBe(false)
})
