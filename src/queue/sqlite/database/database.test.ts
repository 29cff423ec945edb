// Opening under adverse conditions: damaged, foreign, newer and older files, read-only directories, and the durability of every open.

import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
  closeSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import SqliteDatabase from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sampleMessage, testQueue, type TestQueue } from '../../../../test/lib/queue-samples.ts'
import { DATABASE_FILE, openOwned, openReadOnly, openShared } from './database.ts'
import { lockAsOwner } from './process-locks.ts'
import { systemClock } from '../../../lib/clock.ts'
import { systemRandom } from '../../../lib/random.ts'
import { openQueue } from '../open-queue.ts'
import { queueSettings } from '../../contract/queue-settings.ts'
import { migrate, migrations, readVersion } from './migrations.ts'
import { asUnavailable } from '../../contract/queue-unavailable.ts'

let directory: string
let file: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'waypost-database-'))
  file = join(directory, DATABASE_FILE)
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function refusal(open: () => unknown): { cause: unknown; message: string } {
  try {
    open()
  } catch (error) {
    const { cause, message } = error as Error
    return { cause, message }
  }
  throw new Error('the open succeeded')
}

describe('every open', () => {
  it.each([1, 2])('is as durable as the first (%i)', (times) => {
    let db = openOwned(directory)
    for (let i = 1; i < times; i++) {
      db.close()
      db = openOwned(directory)
    }
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(db.pragma('synchronous', { simple: true })).toBe(2)
    const shared = openShared(directory)
    expect(shared.pragma('synchronous', { simple: true })).toBe(2)
    shared.close()
    db.close()
  })

  it('keeps the files from other users', () => {
    openOwned(join(directory, 'deep', 'queue')).close()
    expect(statSync(join(directory, 'deep', 'queue')).mode & 0o777).toBe(0o700)
  })
})

describe('a damaged database', () => {
  it('is refused with advice and not changed', () => {
    const db = openOwned(directory)
    db.exec(
      'CREATE TABLE filler (x); INSERT INTO filler WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT hex(randomblob(2000)) FROM n',
    )
    db.close()
    const handle = openSync(file, 'r+')
    writeSync(handle, Buffer.alloc(8192, 0xa5), 0, 8192, 4096 * 3)
    closeSync(handle)
    const before = readFileSync(file)
    const { cause, message } = refusal(() => openOwned(directory))
    expect(cause).toBe('corrupt')
    expect(message).toContain(file)
    expect(message).toMatch(/queue restore/)
    expect(readFileSync(file)).toEqual(before)
  })

  it('is refused if it is not a database', () => {
    writeFileSync(file, 'This is not a database. '.repeat(40))
    expect(refusal(() => openOwned(directory)).cause).toBe('corrupt')
    expect(refusal(() => openReadOnly(directory)).cause).toBe('corrupt')
  })

  it('is refused when it belongs to another program', () => {
    const other = new SqliteDatabase(file)
    other.exec('CREATE TABLE bookmarks (x)')
    other.close()
    expect(refusal(() => openOwned(directory)).message).toMatch(/not a queue/)
  })
})

describe('a missing database', () => {
  const body = () => {
    mkdirSync(join(directory, 'spool', '0a'), { recursive: true })
    writeFileSync(join(directory, 'spool', '0a', 'body'), 'mail')
  }

  it.each([
    ['missing', () => {}],
    ['empty', () => writeFileSync(file, '')],
  ])('is not created while bodies are there: %s', async (word, make) => {
    body()
    make()
    expect(refusal(() => openOwned(directory))).toEqual({
      cause: 'corrupt',
      message: expect.stringContaining(`queue.db is ${word}, but mail of it is in ${join(directory, 'spool')}`),
    })
    await expect(
      openQueue(queueSettings(directory), { clock: systemClock, randomBytes: systemRandom }),
    ).rejects.toThrow('waypost queue restore')
    expect(readFileSync(join(directory, 'spool', '0a', 'body'), 'utf8')).toBe('mail')
  })

  it('is not created beside its log', () => {
    writeFileSync(`${file}-wal`, 'pages')
    expect(refusal(() => openOwned(directory)).message).toMatch(/mail of it is in .*queue\.db-wal/)
    expect(readFileSync(`${file}-wal`, 'utf8')).toBe('pages')
  })

  it('is created if nothing or only empty folders are left', () => {
    mkdirSync(join(directory, 'spool', '0a'), { recursive: true })
    writeFileSync(file, '')
    openOwned(directory).close()
  })
})

describe('releases', () => {
  it('refuses the database of a newer release', () => {
    const db = openOwned(directory)
    db.pragma(`user_version = ${migrations.length + 1}`)
    db.close()
    for (const open of [openOwned, openShared, openReadOnly]) {
      const { cause, message } = refusal(() => open(directory))
      expect(cause).toBe('newer')
      expect(message).toMatch(/newer release \(format \d+, this release knows up to \d+\)/)
    }
  })

  it('migrates the database of an older release step by step, as owner only', () => {
    const db = openOwned(directory)
    db.exec("INSERT INTO suspensions VALUES ('mx:a', 1, 'me', 'why')")
    migrate(db, [...migrations, 'ALTER TABLE suspensions ADD COLUMN extra TEXT'])
    expect(readVersion(db)).toBe(migrations.length + 1)
    expect(db.prepare('SELECT * FROM suspensions').all()).toEqual([
      { next_hop: 'mx:a', at: 1, by: 'me', reason: 'why', extra: null },
    ])
    db.pragma('user_version = 0')
    expect(refusal(() => openShared(directory)).message).toMatch(/start the node once with this release/)
    db.close()
  })

  it('leaves nothing of a failed step', () => {
    const db = openOwned(directory)
    expect(() => migrate(db, [...migrations, 'CREATE TABLE half (x); INSERT INTO nowhere VALUES (1)'])).toThrow(
      /nowhere/,
    )
    expect(readVersion(db)).toBe(migrations.length)
    expect(db.prepare("SELECT count(*) FROM sqlite_master WHERE name = 'half'").pluck().get()).toBe(0)
    db.close()
  })
})

describe('one owner', () => {
  it('holds the lock until it is closed', () => {
    const lock = lockAsOwner(directory)
    expect(refusal(() => lockAsOwner(directory))).toMatchObject({
      cause: 'owned',
      message: expect.stringContaining(directory),
    })
    lock.close()
    lockAsOwner(directory).close()
  })
})

describe('the engine as a whole', () => {
  let place: TestQueue
  beforeEach(() => {
    place = testQueue()
  })
  afterEach(() => place.remove())

  it('refuses a damaged database at open', async () => {
    writeFileSync(join(place.directory, DATABASE_FILE), 'x'.repeat(10_000))
    await expect(place.open()).rejects.toMatchObject({ name: 'QueueUnavailable', cause: 'corrupt' })
  })

  it('refuses a directory that it cannot write', async () => {
    writeFileSync(join(place.directory, 'file'), '')
    await expect(place.open({ directory: join(place.directory, 'file', 'queue') })).rejects.toMatchObject({
      name: 'QueueUnavailable',
      cause: 'failing',
    })
  })

  it('rejects operations after close', async () => {
    const queue = await place.open()
    const waiting = queue.accept(sampleMessage(), { claim: false })
    await queue.close()
    await expect(waiting).resolves.toEqual([])
    await expect(queue.accept(sampleMessage(), { claim: false })).rejects.toMatchObject({ cause: 'closed' })
    expect(await queue.health()).toMatchObject({ kind: 'failing' })
    await queue.close()
  })

  it('reads health from the free space', async () => {
    expect(await (await place.open()).health()).toMatchObject({ kind: 'ok', waiting: 0, lostBodies: 0 })
    await place.remove()
    const full = await place.open({ reserveBytes: Number.MAX_SAFE_INTEGER })
    expect(await full.health()).toMatchObject({ kind: 'full' })
  })
})

describe('asUnavailable', () => {
  it('separates failures of the engine from wrong operations', () => {
    const error = (code: string) => asUnavailable(Object.assign(new Error('x'), { code }))?.cause ?? null
    expect(error('SQLITE_FULL')).toBe('full')
    expect(error('ENOSPC')).toBe('full')
    expect(error('SQLITE_IOERR_FSYNC')).toBe('failing')
    expect(error('SQLITE_BUSY_SNAPSHOT')).toBe('failing')
    expect(error('SQLITE_CORRUPT_INDEX')).toBe('corrupt')
    expect(error('SQLITE_CONSTRAINT_UNIQUE')).toBeNull()
    expect(asUnavailable('text')).toBeNull()
    chmodSync(directory, 0o700)
  })
})

describe('a user without access', () => {
  /** Runs `act` as a user without rights to the directory; root changes its user for it. */
  function withoutAccess(act: () => void): void {
    chmodSync(directory, 0o000)
    const root = process.geteuid?.() === 0
    if (root) process.seteuid?.(65_534)
    try {
      act()
    } finally {
      if (root) process.seteuid?.(0)
      chmodSync(directory, 0o700)
    }
  }

  it('gets EACCES, not a missing queue', () => {
    openOwned(directory).close()
    lockAsOwner(directory).close()
    const refused = expect.objectContaining({
      cause: 'failing',
      message: expect.stringMatching(/cannot access .*: EACCES/),
    })
    withoutAccess(() => {
      expect(() => openReadOnly(directory)).toThrow(refused)
      expect(() => openShared(directory)).toThrow(refused)
    })
  })
})
