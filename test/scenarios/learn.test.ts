// `waypost learn` beside a running mx: a message in quarantine is sent to the controller as rspamd saw it when it arrived. As root, the command
// leaves no file of root in the data directory of another user.

import { chmodSync, chownSync, lstatSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FakeController, startFakeController } from '../lib/fake-controller.ts'
import { type FakeRspamd, scanned, startFakeRspamd } from '../lib/fake-rspamd.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

/** The user of the service; it has no passwd entry, as in containers. */
const SERVICE = 48_926
const isRoot = process.getuid?.() === 0

let world: World
let mx: WholeNode
let rspamd: FakeRspamd
let controller: FakeController

beforeAll(async () => {
  rspamd = await startFakeRspamd(scanned('quarantine', 12))
  controller = await startFakeController()
  world = await startWorld()
  const password = join(world.folder, 'controller')
  writeFileSync(password, 'secret\n', { mode: 0o600 })
  mx = await world.node({
    role: 'mx',
    start: false,
    mail: { domains: ['example.org'], transports: { 'list@example.org': 'smtp:[127.0.0.1]:9' } },
    yaml: {
      peers: { srs: ['127.0.0.1:9'] },
      rspamd: { urls: [rspamd.url], controller: { urls: [controller.url], password_file: password } },
    },
  })
  if (isRoot) {
    for (const folder of [world.folder, dirname(mx.config)]) chmodSync(folder, 0o755)
    const keys = readdirSync(join(world.folder, 'dkim'), { recursive: true, encoding: 'utf8' })
    for (const key of ['.', ...keys]) chownSync(join(world.folder, 'dkim', key), SERVICE, SERVICE)
    const secrets = [password, join(world.folder, 'srs.secret'), join(dirname(mx.config), 'node.key')]
    for (const secret of secrets) chownSync(secret, SERVICE, SERVICE)
    chownSync(mx.data, SERVICE, SERVICE)
    chmodSync(mx.data, 0o700)
  }
  await mx.start()
})
afterAll(async () => {
  await world.close()
  await rspamd.close()
  await controller.close()
})

const learn = (...args: string[]) => runWaypost(['learn', 'ham', '-c', mx.config, ...args])

it('sends a message in quarantine as rspamd saw it, and names the command that releases it', async () => {
  const fields =
    'From: ann@sender.example\r\nTo: list@example.org\r\nSubject: a\r\nAuthentication-Results: b.example; none\r\n'
  const message = Buffer.from(`${fields}Date: Mon, 01 Jun 2026 10:00:00 +0000\r\n\r\nText \xfc.\r\n`, 'latin1')
  expect(await mx.send({ to: ['list@example.org'], message })).toMatchObject({ kind: 'accepted' })
  const [queued] = mx.queue()
  const queueId = String(queued?.queueId)
  expect(await learn('--id', queueId)).toEqual({
    status: 0,
    stdout: `${queueId}: learned as ham; it is held: deliver it with \`waypost queue release ${queueId}\`\n`,
    stderr: '',
  })
  expect(controller.learned().map(({ body }) => body)).toEqual([rspamd.asked[0]?.body])
  expect(await runWaypost(['queue', 'release', queueId, '-c', mx.config])).toMatchObject({ status: 0 })
})

describe.runIf(isRoot)('as root, for a node of another user', () => {
  it('reads a file that only root may read, and leaves nothing of root in the data directory', async () => {
    const file = join(world.folder, 'mail.eml')
    writeFileSync(file, 'Subject: b\n\nText\n', { mode: 0o600 })
    expect(await learn(file)).toEqual({ status: 0, stdout: `${file}: learned as ham\n`, stderr: '' })
    const entries = readdirSync(mx.data, { recursive: true, withFileTypes: true })
    const foreign = entries.map((one) => join(one.parentPath, one.name)).filter((one) => lstatSync(one).uid !== SERVICE)
    expect(foreign).toEqual([])
  })
})
