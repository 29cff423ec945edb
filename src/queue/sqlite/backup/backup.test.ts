// A backup of a running queue, and nodes that start from it.

import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { delivered, sampleMessage, type TestQueue, testQueue } from '../../../../test/lib/queue-samples.ts'
import { until } from '../../../../test/lib/until.ts'
import { backupQueue } from './backup.ts'
import { checksumOf } from './backup-folder.ts'
import { DATABASE_FILE, openReadOnly } from '../database/database.ts'
import { lockBackup } from '../database/process-locks.ts'
import { SyncQueueReader } from '../../../../test/lib/sync-queue-reader.ts'
import { restoreQueue } from './restore.ts'
import type { OpenQueue } from '../../contract/opened-queue.ts'
import type { Claim } from '../../contract/queue.ts'
import { selectSpoolFiles, type SpoolRow } from '../store/statements/message-rows.ts'

let place: TestQueue
let queue: OpenQueue
let backup: string
let restored: string
beforeEach(async () => {
  place = testQueue()
  backup = join(place.directory, 'backup')
  restored = join(place.directory, 'restored')
  queue = await place.open()
})
afterEach(() => place.remove())

const restore = (change: object = {}) => restoreQueue({ backup, directory: restored, force: false, now: 0, ...change })

async function spooled(text: string) {
  const { file, stream, ...rest } = await queue.createSpoolFile()
  stream.end(text)
  const { size } = await rest.finish()
  return sampleMessage({ body: { kind: 'spool', file, size } })
}

/** Claims everything of a queue and delivers it: the bodies by queue id. */
async function deliverAll(from: OpenQueue): Promise<Map<string, string>> {
  const bodies = new Map<string, string>()
  for (;;) {
    const claims = await from.claim({ nextHop: 'mx:example.net', limit: 100, now: place.clock.time + 3_600_000 })
    if (claims.length === 0) return bodies
    for (const { message, nextHop, recipients } of claims) {
      bodies.set(message.queueId, String(await buffer(from.openBody(message.body))))
      const outcomes = recipients.map(({ recipientId }) => ({ recipientId, outcome: delivered() }))
      await from.settle({ queueId: message.queueId, nextHop, outcomes })
    }
  }
}

it('can be read by its owner only', async () => {
  await queue.accept(await spooled('a body'), { claim: false })
  await backupQueue(place.directory, backup)
  const files = readdirSync(backup, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
  expect(files.map((one) => one.name)).toContain('queue.db')
  for (const { parentPath, name } of files) expect(statSync(join(parentPath, name)).mode & 0o077).toBe(0)
})

describe('a backup under load', () => {
  it('holds everything accepted before it, and a fresh node delivers all of it', async () => {
    const before = [await spooled('a large body'), sampleMessage(), sampleMessage()]
    for (const message of before) await queue.accept(message, { claim: message === before[0] })
    let loading = true
    const load = async () => {
      while (loading) {
        const message = Math.random() < 0.3 ? await spooled(`large ${Math.random()}`) : sampleMessage()
        for (const { nextHop, recipients } of await queue.accept(message, { claim: Math.random() < 0.5 })) {
          const outcomes = recipients.map(({ recipientId }) => ({ recipientId, outcome: delivered() }))
          await queue.settle({ queueId: message.queueId, nextHop, outcomes })
        }
      }
    }
    const loads = Array.from({ length: 4 }, load)
    const report = await backupQueue(place.directory, backup)
    loading = false
    await Promise.all(loads)
    expect(report.lost).toEqual([])
    expect(await restore()).toMatchObject({ messages: report.messages, movedAside: null })
    const again = await place.open({ directory: restored })
    expect(again.opened).toMatchObject({ orphansRemoved: 0, lost: [] })
    const bodies = await deliverAll(again)
    expect(bodies.size).toBe(report.messages)
    expect(before.map(({ queueId }) => bodies.get(queueId))).toEqual(['a large body', 'Hello\r\n', 'Hello\r\n'])
    expect((await again.reader.stats()).messages).toBe(0)
  })

  it('does not contain messages that ended during the backup', async () => {
    const accepted = async () => queue.accept(await spooled('mail'), { claim: true })
    const claims = [...(await accepted()), ...(await accepted())]
    const source = openReadOnly(place.directory)
    const [first, last] = selectSpoolFiles(source) as [SpoolRow, SpoolRow]
    source.close()
    const pathOf = ({ file }: SpoolRow) => join(place.directory, 'spool', file)
    // The first body is read when the test wants it, so the copying stands still.
    rmSync(pathOf(first))
    execFileSync('mkfifo', [pathOf(first)])
    const taking = backupQueue(place.directory, backup)
    const snapshot = join(place.directory, '.backup.incomplete', DATABASE_FILE)
    await until(() => existsSync(snapshot), { what: 'the database to be copied', every: 1 })
    const { recipients } = claims.find(({ message }) => message.queueId === last.queueId) as Claim
    const outcomes = recipients.map(({ recipientId }) => ({ recipientId, outcome: delivered() }))
    await queue.settle({ queueId: last.queueId, nextHop: 'mx:example.net', outcomes })
    await until(() => !existsSync(pathOf(last)), { what: 'the body to be removed' })
    await writeFile(pathOf(first), 'mail')
    expect(await taking).toMatchObject({ messages: 1, spoolFiles: 1, ended: 1, lost: [] })
    await restore()
    const reader = new SyncQueueReader(restored)
    expect(reader.trace(last.queueId).map(({ kind }) => kind)).toEqual(['received', 'resolved', 'delivered'])
    reader.close()
  })
})

it('names the message whose body is missing', async () => {
  const large = await spooled('soon gone')
  await queue.accept(large, { claim: false })
  if (large.body.kind === 'spool') rmSync(join(place.directory, 'spool', large.body.file))
  expect(await backupQueue(place.directory, backup)).toEqual({
    messages: 1,
    spoolFiles: 0,
    ended: 0,
    lost: [large.queueId],
  })
})

describe('nothing is overwritten', () => {
  it('not the folder of a running backup; the rest of an interrupted one is replaced', async () => {
    const building = join(place.directory, '.backup.incomplete')
    mkdirSync(join(building, 'spool'), { recursive: true })
    writeFileSync(join(building, 'queue.db'), 'half of it')
    const other = lockBackup(building)
    await expect(backupQueue(place.directory, backup)).rejects.toThrow(/another backup writes to/)
    expect(readFileSync(join(building, 'queue.db'), 'utf8')).toBe('half of it')
    other.close()
    await backupQueue(place.directory, backup)
    expect(readdirSync(backup).toSorted()).toEqual(['SHA256SUMS', 'queue.db', 'spool'])
  })

  it('not a backup', async () => {
    await backupQueue(place.directory, backup)
    await expect(backupQueue(place.directory, backup)).rejects.toThrow(/not empty/)
    writeFileSync(restored, 'a file')
    await expect(backupQueue(place.directory, restored)).rejects.toThrow(/not a directory/)
  })

  it('not a queue that holds mail; --force moves it aside', async () => {
    await backupQueue(place.directory, backup)
    const other = await place.open({ directory: restored })
    await other.accept(sampleMessage(), { claim: false })
    await expect(restore()).rejects.toThrow(/in use by a running node/)
    await other.close()
    await expect(restore()).rejects.toThrow(/holds 1 messages; use --force/)
    const { messages, movedAside } = await restore({ force: true })
    expect(messages).toBe(0)
    const aside = await place.open({ directory: movedAside ?? '' })
    expect((await aside.reader.stats()).messages).toBe(1)
  })

  it('not bodies without a database', async () => {
    await backupQueue(place.directory, backup)
    mkdirSync(join(restored, 'spool', '00'), { recursive: true })
    writeFileSync(join(restored, 'spool', '00', 'ab'), 'a large body')
    const { movedAside } = await restore()
    expect(readFileSync(join(movedAside ?? '', 'spool', '00', 'ab'), 'utf8')).toBe('a large body')
  })

  it('a crash between moving the old queue aside and the new one into place: the next start creates no empty queue', async () => {
    await backupQueue(place.directory, backup)
    const other = await place.open({ directory: restored })
    await other.accept(sampleMessage(), { claim: false })
    await other.close()
    const building = join(dirname(restored), '.restored.restoring')
    cpSync(backup, building, { recursive: true })
    renameSync(restored, `${restored}.replaced-2026`)
    await expect(place.open({ directory: restored })).rejects.toThrow(/a restore of .*restored was interrupted/)
    const { messages } = await restore()
    expect((await (await place.open({ directory: restored })).reader.stats()).messages).toBe(messages)
  })

  it('an empty queue is replaced', async () => {
    await queue.accept(sampleMessage(), { claim: false })
    await backupQueue(place.directory, backup)
    await (await place.open({ directory: restored })).close()
    expect(await restore()).toMatchObject({ messages: 1, movedAside: expect.stringContaining('.replaced-1970') })
  })
})

describe('a changed backup', () => {
  it.each([
    ['a changed body', () => writeFileSync(join(backup, 'spool', anySpoolFile()), 'a LARGE body')],
    ['a missing body', () => rmSync(join(backup, 'spool', anySpoolFile()))],
    ['a changed database', () => writeFileSync(join(backup, 'queue.db'), 'x')],
  ])('%s is refused before anything is changed', async (_, spoil) => {
    await queue.accept(await spooled('a large body'), { claim: false })
    await backupQueue(place.directory, backup)
    spoil()
    await expect(restore()).rejects.toThrow(/differs from what the backup wrote/)
    expect(existsSync(restored)).toBe(false)
  })

  it.each([
    ['has no list', () => rmSync(join(backup, 'SHA256SUMS'))],
    ['has an empty list', () => truncateSync(join(backup, 'SHA256SUMS'), 0)],
    ['has a truncated list', () => truncateSync(join(backup, 'SHA256SUMS'), 100)],
    [
      'has a list with a path outside of it',
      () => appendFileSync(join(backup, 'SHA256SUMS'), `${'0'.repeat(64)}  ../x\n`),
    ],
  ])('is refused when it %s', async (_, spoil) => {
    await queue.accept(await spooled('a large body'), { claim: false })
    await backupQueue(place.directory, backup)
    spoil()
    await expect(restore()).rejects.toThrow(/not a complete backup/)
    expect(existsSync(restored)).toBe(false)
  })
})

describe('a backup of another release', () => {
  /** Changes the database of the backup, and its checksum with it. */
  async function rewrite(change: (db: Database.Database) => void): Promise<void> {
    const file = join(backup, 'queue.db')
    const db = new Database(file)
    change(db)
    db.close()
    writeFileSync(join(backup, 'SHA256SUMS'), `${await checksumOf(file)}  queue.db\n`)
  }

  it('is restored if it is older: the next start migrates it', async () => {
    mkdirSync(backup)
    const sql = readFileSync(join(import.meta.dirname, '../../../../test/fixtures/queue-formats/format-1.sql'), 'utf8')
    await rewrite((db) => db.exec(sql))
    const { messages } = await restore()
    expect((await (await place.open({ directory: restored })).reader.stats()).messages).toBe(messages)
  })

  it.each([
    ['newer', 99, /was written by a newer release/],
    ['not a queue', 0, /is not a queue/],
  ])('is refused before anything is changed if it is %s', async (_, version, message) => {
    await backupQueue(place.directory, backup)
    await rewrite((db) => db.pragma(`user_version = ${version}`))
    const other = await place.open({ directory: restored })
    await other.accept(sampleMessage(), { claim: false })
    await other.close()
    await expect(restore({ force: true })).rejects.toThrow(message)
    expect((await (await place.open({ directory: restored })).reader.stats()).messages).toBe(1)
  })
})

function anySpoolFile(): string {
  const spool = join(backup, 'spool')
  const [folder = ''] = readdirSync(spool)
  return join(folder, readdirSync(join(spool, folder))[0] ?? '')
}
