// Root calls commands in the data directory of another user, who has planted links: the commands act as that user, so that nothing outside
// the directory changes and every new file is usable for the node.

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type QueueNode, queueNode } from '../../../test/lib/queue-command.ts'
import { sampleMessage } from '../../../test/lib/queue-samples.ts'
import { runWaypost } from '../../../test/lib/run-waypost.ts'

const UNPRIVILEGED = 65_534
/** A user without a passwd entry, as in containers. */
const STRANGER = 48_925
let node: QueueNode
/** A folder that only root may read. */
let ofRoot: string
beforeEach(() => {
  node = queueNode()
  ofRoot = mkdtempSync(join(tmpdir(), 'waypost-root-'))
})
afterEach(async () => {
  rmSync(ofRoot, { recursive: true, force: true })
  await node.place.remove()
})

const below = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => join(entry.parentPath, entry.name))
const data = () => join(node.folder, 'data')
const run = (...args: string[]) => runWaypost([...args, '-c', node.config])

/** The node's folder as an administrator makes it: of root and readable, with a data directory of the service. */
async function give(uid: number): Promise<void> {
  const queue = await node.open()
  await queue.accept(sampleMessage(), { claim: false })
  await queue.close()
  for (const path of below(node.folder)) if (!path.startsWith(data())) chmodSync(path, 0o644)
  chmodSync(node.folder, 0o755)
  for (const path of [data(), ...below(data())]) chownSync(path, uid, uid)
  chmodSync(data(), 0o700)
}

const foreign = (uid: number) => below(data()).filter((path) => lstatSync(path).uid !== uid)

describe.skipIf(process.getuid?.() !== 0)('root in the data directory of another user', { timeout: 60_000 }, () => {
  it.each([UNPRIVILEGED, STRANGER])('leaves only files that uid %i can use', async (uid) => {
    await give(uid)
    const backup = join(node.folder, 'backup')
    expect(await run('queue', 'hold', '--all')).toMatchObject({ status: 0, stderr: '' })
    expect(await run('queue', 'list')).toMatchObject({ status: 0 })
    expect(await run('queue', 'backup', backup)).toMatchObject({ status: 0, stderr: '' })
    expect(await run('queue', 'restore', backup, '--force')).toMatchObject({ status: 0, stderr: '' })
    // A restored queue has no lock file. A failed restore must not create one that only root can lock.
    expect(await run('queue', 'restore', backup)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('--force'),
    })
    expect(await run('queue', 'adopt', join(node.folder, 'nowhere'))).toMatchObject({ status: 1 })
    expect(foreign(uid)).toEqual([])
    expect(statSync(backup)).toMatchObject({ uid, mode: 0o40700 })
  })

  it.each(['owner.lock', 'transfer.lock'])('creates and gives away nothing behind a link at %s', async (name) => {
    await give(UNPRIVILEGED)
    const [existing, missing] = [join(ofRoot, 'existing'), join(ofRoot, 'missing')]
    writeFileSync(existing, 'of root')
    for (const target of [existing, missing]) {
      const link = join(data(), 'queue', name)
      rmSync(link, { force: true })
      symlinkSync(target, link)
      await run('queue', 'restore', join(node.folder, 'nothing'), '--force')
      await run('queue', 'drain', '--abort')
      await run('reload')
      expect(statSync(existing)).toMatchObject({ uid: 0, gid: 0 })
      expect(readFileSync(existing, 'utf8')).toBe('of root')
      expect(existsSync(missing)).toBe(false)
    }
  })

  it('reads no file of root through a link in the spool', async () => {
    await give(UNPRIVILEGED)
    const queue = await node.open()
    const { file, stream, ...rest } = await queue.createSpoolFile()
    stream.end('a body')
    const { size } = await rest.finish()
    await queue.accept(sampleMessage({ body: { kind: 'spool', file, size } }), { claim: false })
    await queue.close()
    const body = join(data(), 'queue', 'spool', file)
    rmSync(body)
    writeFileSync(join(ofRoot, 'secret'), 'secret')
    symlinkSync(join(ofRoot, 'secret'), body)
    for (const path of below(data())) if (path !== body) chownSync(path, UNPRIVILEGED, UNPRIVILEGED)
    const backup = join(node.folder, 'backup')
    expect(await run('queue', 'backup', backup)).toMatchObject({ status: 1, stderr: expect.stringContaining('EACCES') })
    expect(existsSync(join(backup, 'SHA256SUMS'))).toBe(false)
  })

  it('does not wait for a pipe in place of the database', async () => {
    await give(UNPRIVILEGED)
    const database = join(data(), 'queue', 'queue.db')
    rmSync(database)
    execFileSync('mkfifo', [database])
    for (const command of [['list'], ['hold', '--all'], ['stats']])
      expect(await run('queue', ...command)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('is not a file'),
      })
  })

  it('refuses a directory that a third user may replace', async () => {
    await give(UNPRIVILEGED)
    chownSync(node.folder, STRANGER, STRANGER)
    expect(await run('queue', 'list')).toEqual({
      status: 2,
      stdout: '',
      stderr: `root does not work in ${data()}: ${node.folder} belongs to uid ${STRANGER}, which may replace what is below it; give it to root or to uid ${UNPRIVILEGED}, the owner of the directory\n`,
    })
    chownSync(node.folder, 0, 0)
    chmodSync(node.folder, 0o777)
    expect(await run('queue', 'list')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('every user may replace what is in'),
    })
  })

  it('refuses a link to a directory of another user', async () => {
    await give(UNPRIVILEGED)
    const link = join(data(), 'link')
    mkdirSync(join(ofRoot, 'queue'))
    symlinkSync(ofRoot, link)
    const listed = await runWaypost(['queue', 'list', '--data', link])
    expect(listed).toMatchObject({ status: 2, stderr: expect.stringContaining(`belongs to uid ${UNPRIVILEGED}`) })
  })

  it('reports what the node cannot read', async () => {
    await give(UNPRIVILEGED)
    chmodSync(join(node.folder, 'mail.yaml'), 0o600)
    const { status, stderr } = await run('check')
    expect(status).toBe(2)
    expect(stderr).toMatch(/mail\.yaml.*(EACCES|permission denied)/)
  })

  it('says whose rights a backup has in a place of root', async () => {
    await give(UNPRIVILEGED)
    expect(await run('queue', 'backup', join(ofRoot, 'backup'))).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /^cannot write a backup to .*EACCES.*\nthe command worked as uid 65534, the user of the node\n$/,
      ),
    })
  })
})

describe.skipIf(process.getuid?.() !== 0)('root in a folder for the group of the service', { timeout: 60_000 }, () => {
  const group = () => {
    chownSync(ofRoot, 0, UNPRIVILEGED)
    chmodSync(ofRoot, 0o750)
  }

  it('makes DKIM keys that the service can read', async () => {
    group()
    const keys = join(ofRoot, 'dkim')
    expect(await runWaypost(['dkim', 'keygen', '--keys', keys, '--domain', 'example.org'])).toMatchObject({ status: 0 })
    expect(below(keys)).toHaveLength(5)
    for (const path of [keys, ...below(keys)]) {
      const { uid, gid, mode } = statSync(path)
      expect([uid, gid, (mode & 0o777).toString(8)]).toEqual([
        0,
        UNPRIVILEGED,
        path.includes('.') && !path.endsWith('org') ? '640' : '750',
      ])
    }
  })

  it('makes a passwd-file that the service can read, and keeps the owner of an existing one', async () => {
    group()
    const file = join(ofRoot, 'users')
    const set = () => runWaypost(['passwd', 'set', 'kim', '--file', file], 'a password\n')
    expect(await set()).toMatchObject({ status: 0 })
    expect(statSync(file)).toMatchObject({ uid: 0, gid: UNPRIVILEGED, mode: 0o100640 })
    chownSync(file, UNPRIVILEGED, UNPRIVILEGED)
    chmodSync(file, 0o600)
    expect(await set()).toMatchObject({ status: 0 })
    expect(statSync(file)).toMatchObject({ uid: UNPRIVILEGED, gid: UNPRIVILEGED, mode: 0o100600 })
  })

  it('makes a file of app passwords that the service can read', async () => {
    group()
    const file = join(ofRoot, 'apps')
    const args = ['passwd', 'app', 'add', 'kim', '--label', 'phone', '--file', file]
    expect(await runWaypost(args)).toMatchObject({ status: 0 })
    expect(statSync(file)).toMatchObject({ uid: 0, gid: UNPRIVILEGED, mode: 0o100640 })
  })

  it('writes a passwd-file as the owner of its folder', async () => {
    chownSync(ofRoot, UNPRIVILEGED, UNPRIVILEGED)
    const outside = join(node.folder, 'outside')
    mkdirSync(outside)
    chmodSync(outside, 0o700)
    symlinkSync(join(outside, 'users'), join(ofRoot, 'users'))
    const set = await runWaypost(['passwd', 'set', 'kim', '--file', join(ofRoot, 'users')], 'a password\n')
    expect(set).toMatchObject({ status: 2, stderr: expect.stringContaining('cannot be read') })
    expect(existsSync(join(outside, 'users'))).toBe(false)
    rmSync(join(ofRoot, 'users'))
    const again = await runWaypost(['passwd', 'set', 'kim', '--file', join(ofRoot, 'users')], 'a password\n')
    expect(again.status).toBe(0)
    expect(statSync(join(ofRoot, 'users'))).toMatchObject({ uid: UNPRIVILEGED, gid: UNPRIVILEGED })
  })
})
