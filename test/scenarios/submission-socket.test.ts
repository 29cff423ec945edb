// `waypost sendmail --as` on the host of a submission node: mail of a user without a password, with all checks of the role.

import { spawn } from 'node:child_process'
import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { writeAccounts } from '../lib/accounts.ts'
import { type SmtpPeer } from '../lib/smtp-peer.ts'
import { testedCommand } from '../lib/tested-program.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const isRoot = process.getuid?.() === 0
/** Users without files, on every system. */
const MEMBER = 65_533
const STRANGER = 65_534
const GROUP = 65_532

let world: World
let far: SmtpPeer
let node: WholeNode
let socket: string
let settings: string

beforeAll(async () => {
  world = await startWorld()
  chmodSync(world.folder, 0o755)
  far = await world.destination('far.example')
  const { yaml } = await writeAccounts(world)
  socket = join(world.folder, 'submission.sock')
  node = await world.node({
    role: 'submission',
    listeners: ['submissions', 'submission'],
    mail: {
      domains: ['example.org'],
      users: { lee: null },
      forwards: { lee: 'lee@far.example' },
      aliases: { press: ['lee'] },
    },
    yaml: { users: yaml.users, submission_socket: { path: socket, ...(isRoot && { group: String(GROUP) }) } },
  })
  settings = join(world.folder, 'sendmail.conf')
  writeFileSync(settings, `submission ${socket}\ndomain example.org\n`)
})
afterAll(() => world.close())

interface Call {
  readonly args: readonly string[]
  readonly input: string
  readonly env?: NodeJS.ProcessEnv
  readonly user?: { readonly uid: number; readonly gid: number }
}

function sendmail({ args, input, env = {}, user }: Call): Promise<{ status: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(...testedCommand(['sendmail', ...args]), {
      env: { ...process.env, WAYPOST_SENDMAIL_CONF: settings, ...env },
      ...user,
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, stderr }))
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}

it('sends mail of the user, signed, with the address of the ssh client in the ledger only', async () => {
  const env = {
    SSH_CONNECTION: '198.51.100.7 50000 192.0.2.1 22',
    SSH_ORIGINAL_COMMAND: 'sendmail -i -- kim@far.example',
  }
  expect(await sendmail({ args: ['--as', 'lee'], input: 'Subject: first\n\nHello\n', env })).toEqual({
    status: 0,
    stderr: '',
  })
  await until(() => far.messages.length === 1, { what: 'the message' })
  const { mail, data } = far.messages[0] as (typeof far.messages)[number]
  const text = data.toString()
  expect(mail).toMatch(/^MAIL FROM:<lee@example\.org>/)
  expect(text).toMatch(/^From: lee@example\.org\r$/m)
  expect(text).toMatch(/^DKIM-Signature: /m)
  expect(text).not.toContain('198.51.100.7')
  const received = node.ledger().find((event) => event.kind === 'received')
  expect(received).toMatchObject({ origin: 'user:lee' })
  expect(JSON.stringify(received)).toContain('198.51.100.7')
})

it('keeps the rules of senders: own addresses in MAIL FROM and From:, and users that exist', async () => {
  const codes = async (args: readonly string[], header: string) =>
    (await sendmail({ args: [...args, 'kim@far.example'], input: `${header}\n\nx\n` })).status
  expect(await codes(['--as', 'lee', '-f', 'press@example.org'], 'From: lee@example.org')).toBe(0)
  expect(await codes(['--as', 'lee', '-f', 'boss@example.org'], 'From: lee@example.org')).toBe(77)
  expect(await codes(['--as', 'lee'], 'From: boss@example.org')).toBe(77)
  expect(await codes(['--as', 'pat'], 'From: pat@example.org')).toBe(77)
  expect(await codes(['--as', 'lee@example.org'], 'Subject: x')).toBe(0)
})

it.runIf(isRoot)('only root, the user of the node and the group may connect', async () => {
  expect((statSync(socket).mode & 0o777).toString(8)).toBe('660')
  const call = { args: ['--as', 'lee', 'kim@far.example'], input: 'Subject: x\n\nx\n' }
  expect(await sendmail({ ...call, user: { uid: MEMBER, gid: GROUP } })).toMatchObject({ status: 0 })
  expect(await sendmail({ ...call, user: { uid: STRANGER, gid: STRANGER } })).toMatchObject({
    status: 77,
    stderr: expect.stringContaining('EACCES') as string,
  })
})

it('while the node is down nothing waits, and the caller hears of it; the next start replaces the socket', async () => {
  const call = { args: ['--as', 'lee', 'kim@far.example'], input: 'Subject: x\n\nx\n' }
  await node.stop('SIGKILL')
  expect(existsSync(socket)).toBe(true)
  expect(await sendmail(call)).toMatchObject({ status: 75 })
  await node.start()
  expect(await sendmail(call)).toMatchObject({ status: 0 })
  await node.stop()
  expect(existsSync(socket)).toBe(false)
})
