// Storage that fails under a whole node, and everything else that keeps one from starting: a reply or a message in words, with the file
// that is to blame, never a stack trace, and no mail lost that got a 250.

import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { brokenPromises } from '../lib/ledger-ends.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { makeSmallDisk, mayMount, type SmallDisk } from '../lib/small-disk.ts'
import type { SmtpPeer } from '../lib/smtp-peer.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const DISK_OCTETS = 16 * 1024 * 1024
const LARGE = 'A body that goes into the spool, in a separate file.\r\n'.repeat(4000)

let world: World
let far: SmtpPeer

beforeEach(async () => {
  world = await startWorld()
  far = await world.destination('far.example')
})
afterEach(() => world.close())

const prepare = (yaml = {}) => world.node({ role: 'srs', start: false, yaml })
const message = (body: string) => `From: ann@sender.example\r\nSubject: x\r\n\r\n${body}`
const sendOne = async (node: WholeNode, body = 'Hello.\r\n') => {
  const sent = await node.send({ to: ['kim@example.org'], message: message(body) })
  return sent.reply
}

/** `waypost run` ends at once, with 2 and words. */
async function expectRefusal(node: WholeNode, words: RegExp): Promise<void> {
  const ran = await runWaypost(['run', '-c', node.config])
  expect(ran.stderr).toMatch(words)
  expect(ran.stderr).not.toMatch(/^\s+at .*[:(]/m)
  expect(ran.status).toBe(2)
}

describe.skipIf(!mayMount)('a small disk', () => {
  let disk: SmallDisk

  beforeEach(() => {
    disk = makeSmallDisk(DISK_OCTETS)
  })
  afterEach(() => disk.remove())

  const onDisk = async () => {
    const node = await prepare({ data: join(disk.path, 'data') })
    await node.start()
    return node
  }
  /** The node's queue is on the small disk, not in the folder of the test. */
  const arrived = (count: number) =>
    until(() => far.messages.length >= count, { what: `${count} mails to arrive`, timeout: 20_000 })

  it('that is full causes 452, and no message is lost', async () => {
    const node = await onDisk()
    far.change({ moods: { mail: 'tempfail' } })
    const ballast = join(disk.path, 'ballast')
    let taken = 0
    for (let size = 0; size < DISK_OCTETS; size += 2 * 1024 * 1024) {
      const reply = await sendOne(node, LARGE)
      if (!reply.startsWith('250')) break
      taken++
    }
    expect(taken).toBeGreaterThan(2)
    // The node still writes, and frees what it kept: the disk is filled again before each question.
    const full = () => fill(disk, ballast, 300_000)
    const isRefused = async () => {
      full()
      return (await sendOne(node)).startsWith('452 4.3.1')
    }
    await until(isRefused, { what: '452', every: 200 })
    full()
    expect(await sendOne(node, LARGE)).toMatch(/^452 4\.3\.1/)
    full()
    const client = await node.connect()
    await client.expect(null, '220')
    await client.expect('EHLO client.example', '250')
    await client.expect('MAIL FROM:<ann@sender.example>', '452 4.3.1')
    client.end()
    rmSync(ballast)
    await until(async () => (await sendOne(node)).startsWith('250'), { what: 'mail to be taken again', every: 200 })
    far.change({})
    await arrived(taken + 1)
    expect(node.log().filter((line) => line.includes('"msg":"bug'))).toEqual([])
  })

  it('that fills up in the middle of a message too', async () => {
    const node = await onDisk()
    const huge = 'x'.repeat(76).concat('\r\n').repeat(180_000)
    const [reply, other] = await Promise.all([sendOne(node, huge), sendOne(node, huge)])
    expect([reply, other].filter((one) => one.startsWith('452 4.3.1')).length).toBeGreaterThan(0)
    expect([reply, other].every((one) => /^(250|452)/.test(one))).toBe(true)
    const taken = [reply, other].filter((one) => one.startsWith('250')).length
    await until(async () => (await sendOne(node)).startsWith('250'), { what: 'mail to be taken again', every: 200 })
    await arrived(taken + 1)
  })

  it('that is full at the start: a message or 452, and queued mail is delivered once there is space', async () => {
    const node = await onDisk()
    far.change({ moods: { mail: 'tempfail' } })
    expect(await sendOne(node)).toMatch(/^250/)
    await until(() => far.commands.some(({ line }) => line.startsWith('MAIL')), { what: 'an attempt' })
    const ballast = join(disk.path, 'ballast')
    for (const rest of [0, 40_000, 200_000]) {
      await node.stop()
      rmSync(ballast, { force: true })
      fill(disk, ballast, rest)
      const started = await node.start().then(
        () => 'started',
        (error: Error) => error.message,
      )
      if (started === 'started') expect(await sendOne(node)).toMatch(/^452 4\.3\.1/)
      else {
        expect(started).toMatch(/exited with 2[^]*node\.yaml:\d+:\d+: .* is full/)
        expect(started).not.toMatch(/^\s+at .*[:(]/m)
      }
    }
    await node.stop()
    rmSync(ballast)
    far.change({})
    await node.start()
    await arrived(1)
  })

  it('that is read-only keeps a node from starting; what was taken leaves when it is writable again', async () => {
    const node = await onDisk()
    far.change({ moods: { mail: 'tempfail' } })
    expect(await sendOne(node)).toMatch(/^250/)
    await until(() => far.commands.some(({ line }) => line.startsWith('MAIL')), { what: 'an attempt' })
    await node.stop()
    disk.remount('ro')
    await expectRefusal(node, new RegExp(`node\\.yaml:\\d+:\\d+: .*${disk.path}`))
    disk.remount('rw')
    await node.start()
    far.change({})
    await arrived(1)
  })
})

it.skipIf(process.platform !== 'linux')(
  'a node whose files cannot be written replies 451 or 452, and continues once they can',
  async () => {
    const node = await prepare()
    await node.start()
    expect(await sendOne(node)).toMatch(/^250/)
    const limitFiles = (octets: string) => execFileSync('prlimit', ['--pid', String(node.pid), `--fsize=${octets}`])
    limitFiles('4096:unlimited')
    for (const body of ['Hello.\r\n', LARGE])
      expect([await sendOne(node, body), await sendOne(node, body)].join()).toMatch(
        /^45[12] 4\.3\.\d.*,45[12] 4\.3\.\d/,
      )
    limitFiles('unlimited:unlimited')
    await until(async () => (await sendOne(node)).startsWith('250'), { what: 'mail to be taken again', every: 200 })
    await node.emptied()
    expect(far.messages).toHaveLength(2)
    expect(brokenPromises(node.ledger())).toEqual([])
    expect(node.spool()).toEqual([])
  },
)

it('a missing spool file affects its message only: nothing of it is sent, and the log has an error', async () => {
  const node = await prepare()
  await node.start()
  far.change({ moods: { mail: 'tempfail' } })
  expect(await sendOne(node, LARGE)).toMatch(/^250/)
  const held = () => node.queue().flatMap(({ recipients }) => recipients.map(({ state }) => state))
  await until(() => held().includes('deferred'), { what: 'an attempt' })
  const [file] = spoolFiles(node)
  rmSync(file as string)
  far.change({})
  const attempts = () => node.ledger().filter(({ kind }) => kind === 'deferred').length
  const before = attempts()
  expect(await sendOne(node)).toMatch(/^250/)
  await until(() => far.messages.length === 1 && (attempts() > before || held().includes('held')), { what: 'a retry' })
  expect(far.messages[0]?.data.toString()).toContain('Hello.')
  await node.stop()
  await node.start()
  expect(held()).toEqual(['held'])
  expect(node.log().join('\n')).toMatch(/body of a queued message is missing or damaged/)
  expect(far.messages).toHaveLength(1)
})

describe('a node that cannot start says why and ends with 2:', () => {
  it('a database of random octets, cut off, or with a damaged page', async () => {
    const node = await prepare()
    far.change({ moods: { mail: 'tempfail' } })
    await node.start()
    for (let count = 0; count < 40; count++) await sendOne(node)
    await node.stop()
    const file = join(node.data, 'queue', 'queue.db')
    const whole = readFileSync(file)
    const damages = {
      octets: Buffer.alloc(whole.length, 'not a database'),
      cut: whole.subarray(0, whole.length / 2),
      page: Buffer.concat([whole.subarray(0, 8192), Buffer.alloc(16_384, 0xff), whole.subarray(24_576)]),
    }
    for (const [what, damaged] of Object.entries(damages)) {
      writeFileSync(file, damaged)
      await expectRefusal(node, /queue\.db/)
      expect(readFileSync(file).equals(damaged), what).toBe(true)
      const listed = await runWaypost(['queue', 'list', '-c', node.config])
      expect(listed.status, what).toBe(1)
      expect(listed.stderr, what).not.toMatch(/^\s+at .*[:(]/m)
    }
    writeFileSync(file, whole)
    far.change({})
    await node.start()
    await node.emptied()
    expect(far.messages).toHaveLength(40)
    expect(brokenPromises(node.ledger())).toEqual([])
  })

  it('a database of a newer release', async () => {
    const node = await prepare()
    await node.start()
    await node.stop()
    const setFormat = (format: number) => {
      const db = new SqliteDatabase(join(node.data, 'queue', 'queue.db'))
      const before = Number(db.pragma('user_version', { simple: true }))
      db.pragma(`user_version = ${format}`)
      db.close()
      return before
    }
    const present = setFormat(999)
    await expectRefusal(node, /queue\.db.*newer/)
    const listed = await runWaypost(['queue', 'list', '-c', node.config])
    expect(listed).toMatchObject({ status: 1, stderr: expect.stringMatching(/newer/) })
    // The end of the world reads the ledger.
    setFormat(present)
  })

  it('a data directory that is a file', async () => {
    const node = await prepare()
    rmSync(node.data, { recursive: true })
    writeFileSync(node.data, '')
    await expectRefusal(node, /node\.yaml:\d+:\d+: .*data/)
  })

  it('another node on the same data directory', async () => {
    const node = await prepare()
    await node.start()
    const second = await prepare({ data: node.data })
    await expectRefusal(second, /queue is in use by a running node/)
    expect(await sendOne(node)).toMatch(/^250/)
    await node.emptied()
  })

  it('a port that is in use', async () => {
    const node = await prepare()
    const other = createServer().listen(node.port, node.address)
    await expectRefusal(node, new RegExp(`listen on ${node.address}:${node.port}: .*EADDRINUSE`))
    await new Promise((resolve) => other.close(resolve))
    await node.start()
    expect(await sendOne(node)).toMatch(/^250/)
  })

  it('a certificate that does not fit its key, or one of both that is missing or broken', async () => {
    const node = await prepare()
    const folder = join(node.config, '..')
    const other = world.ca.issue({ names: ['other.example.org'] })
    const key = readFileSync(join(folder, 'node.key'))
    writeFileSync(join(folder, 'node.key'), other.key)
    await expectRefusal(node, /node\.yaml:\d+:\d+: tls\.key: found a key that does not belong/)
    rmSync(join(folder, 'node.key'))
    await expectRefusal(node, /node\.yaml:\d+:\d+: tls\.key: found node\.key, which cannot be read/)
    writeFileSync(join(folder, 'node.key'), key)
    truncateSync(join(folder, 'node.pem'), statSync(join(folder, 'node.pem')).size / 2)
    await expectRefusal(node, /node\.yaml:\d+:\d+: tls\.certificate: found no certificate/)
  })
})

function spoolFiles(node: WholeNode): string[] {
  const spool = join(node.data, 'queue', 'spool')
  return readdirSync(spool, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Leaves this many octets of the disk free, or none if the node writes at the same time. */
function fill(disk: SmallDisk, ballast: string, rest: number): void {
  const { bavail, bsize } = statfsSync(disk.path)
  try {
    appendFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - rest)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}
