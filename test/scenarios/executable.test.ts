// The program as one executable file: nodes, threads, commands, links with other names and the demonstration run from it, and it leaves no
// file behind.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startNodeProcess } from '../../src/demo/node-process.ts'
import { countTickets } from '../lib/session-tickets.ts'
import { testedExecutable } from '../lib/tested-executable.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const root = join(import.meta.dirname, '../..')
let folder: string
let executable: string
let temporary: string
let world: World
let node: WholeNode

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-executable-'))
  temporary = join(folder, 'tmp')
  mkdirSync(temporary)
  executable = await testedExecutable(folder)
  world = await startWorld()
  node = await world.node({ role: 'mx', start: false, yaml: { peers: { srs: ['127.0.0.1'] } } })
}, 240_000)
afterAll(async () => {
  await world.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Without the variables of this process: an executable needs none. */
function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}, program = executable) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    env: { TMPDIR: temporary, ...environment },
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { status, stdout, stderr }
}

it('runs commands, and knows its role files', () => {
  expect(run(['--version'])).toEqual({ status: 0, stdout: '0.1.0\n', stderr: '' })
  expect(run(['check', '--offline', '-c', node.config])).toMatchObject({ status: 0 })
  const unknown = join(folder, 'unknown.yaml')
  writeFileSync(unknown, readFileSync(node.config, 'utf8').replace('role: mx', 'role: my'))
  const refused = run(['check', '--offline', '-c', unknown])
  expect(refused).toMatchObject({ status: 2 })
  expect(refused.stderr).toContain('expected one of client, mta, mx, solo, srs, submission or the path of a role file')
})

/** The options of Node.js in a file of deploy/ or in the Dockerfile, with the path of this tree. */
function nodeOptions(file: string): string {
  const [, options = ''] = /NODE_OPTIONS="([^"]*)"/.exec(readFileSync(join(root, file), 'utf8')) ?? []
  return options.replace('/usr/share/waypost/openssl.cnf', join(root, 'src/openssl.cnf'))
}

it.each([
  ['without options', []],
  ['with those of the image', [`NODE_OPTIONS=${nodeOptions('Dockerfile')}`]],
  ['with those of the Debian package', [`NODE_OPTIONS=${nodeOptions('deploy/debian/default')}`]],
])('runs a node that takes mail, sends no TLS 1.3 session tickets and leaves no file, %s', async (_, environment) => {
  const nodeArgs = ['-i', `TMPDIR=${temporary}`, ...environment, executable]
  const program = { command: '/usr/bin/env', nodeArgs, args: [] }
  const running = await startNodeProcess(node.config, join(folder, 'log'), program)
  try {
    expect(readdirSync(temporary)).toEqual([])
    // Two copies of SQLite in one process would release each other's locks.
    const maps = readFileSync(`/proc/${running.pid}/maps`, 'utf8').split('\n')
    const copies = maps.filter((line) => line.includes('better-sqlite3.node')).map((line) => line.split(/\s+/)[4])
    expect(new Set(copies).size).toBe(1)
    expect(await node.send({ to: ['kim@example.org'] })).toMatchObject({ kind: 'accepted' })
    expect(await countTickets(node, '-tls1_3')).toBe(0)
    expect(await countTickets(node, '-tls1_2')).toBe(1)
    const { status, stdout } = run(['queue', 'list', '--json', '--data', node.data])
    expect([status, JSON.parse(stdout)[0]]).toEqual([0, expect.objectContaining({ sender: 'ann@sender.example' })])
  } finally {
    await running.stop()
  }
  expect(readdirSync(temporary)).toEqual([])
})

it('finds another folder for its library if TMPDIR has no place', () => {
  expect(run(['queue', 'list', '--data', node.data], { TMPDIR: join(folder, 'nowhere') })).toMatchObject({ status: 0 })
})

it('is the command that programs expect, under its name', () => {
  const link = join(folder, 'mailq')
  symlinkSync(executable, link)
  const { status, stderr } = run(['-C', 'x'], {}, link)
  expect(run(['sendmail', '-bp', '-C', 'x'])).toMatchObject({ status, stderr })
  expect(status).not.toBe(0)
})

it('runs the demonstration with all its nodes', { timeout: 240_000 }, () => {
  const { status, stdout, stderr } = spawnSync(executable, ['demo'], {
    env: { TMPDIR: temporary },
    encoding: 'utf8',
    timeout: 230_000,
  })
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout).toContain('hiera-examples/data/common/mail.yaml:')
  expect(readdirSync(temporary)).toEqual([])
})
