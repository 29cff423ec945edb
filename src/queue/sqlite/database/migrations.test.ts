// Databases of earlier formats: each opens, keeps every message with its state, and works. A new format needs a fixture before its release:
// run this file once with WAYPOST_WRITE_FORMAT=1.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fixtureSpool, presentFormat } from '../../../../test/lib/queue-format.ts'
import { type TestQueue, testQueue } from '../../../../test/lib/queue-samples.ts'
import { createFromDump, schemaOf } from '../../../../test/lib/sql-dump.ts'
import { DATABASE_FILE, openOwned, openReadOnly } from './database.ts'
import { migrations, readVersion } from './migrations.ts'
import { SyncQueueReader } from '../../../../test/lib/sync-queue-reader.ts'

const fixtures = join(import.meta.dirname, '../../../../test/fixtures/queue-formats')
const fixture = (format: number) => join(fixtures, `format-${format}.sql`)
const formats = migrations.map((_, index) => index + 1)

let place: TestQueue
beforeEach(() => {
  place = testQueue()
})
afterEach(() => place.remove())

it.runIf(process.env.WAYPOST_WRITE_FORMAT)('writes the fixture of the present format', async () => {
  if (!existsSync(fixture(migrations.length))) writeFileSync(fixture(migrations.length), await presentFormat())
})

it.each(formats)('has a fixture of format %i', (format) => {
  expect(readFileSync(fixture(format), 'utf8')).toContain(`PRAGMA user_version = ${format};`)
})

describe.each(formats)('a queue of format %i', (format) => {
  beforeEach(() => {
    createFromDump(join(place.directory, DATABASE_FILE), readFileSync(fixture(format), 'utf8'))
    const spool = join(place.directory, 'spool', fixtureSpool.file)
    mkdirSync(dirname(spool), { recursive: true })
    writeFileSync(spool, fixtureSpool.content)
  })

  it('gets the tables and indexes of a new queue', () => {
    const old = openOwned(place.directory)
    const fresh = openOwned(join(place.directory, 'fresh'))
    expect(schemaOf(old)).toEqual(schemaOf(fresh))
    expect([readVersion(old), readVersion(fresh)]).toEqual([migrations.length, migrations.length])
    old.close()
    fresh.close()
  })

  it('keeps every message, its state and its events', async () => {
    const queue = await place.open()
    expect(queue.opened).toEqual({ recovered: 1, orphansRemoved: 0, lost: [] })
    const reader = new SyncQueueReader(place.directory)
    const states = [...reader.list()].map(({ queueId, recipients }) => [queueId, recipients.map(({ state }) => state)])
    expect(states).toEqual([
      ['QUEUED', ['queued']],
      ['HELD', ['held']],
      ['SUSPENDED', ['queued']],
      ['DEFERRED', ['deferred']],
      ['FAILED', ['failed']],
      ['DELIVERED', ['delivered']],
      // Its pending action was bounce.
      ['CLAIMED', ['failed']],
      ['NULLSENDER', ['queued']],
      ['SPOOLED', ['queued', 'queued']],
    ])
    expect(reader.show('NULLSENDER')).toMatchObject({ sender: null, parameters: { envid: 'e1', smtputf8: true } })
    expect(reader.trace('gone@example.net').map(({ kind }) => kind)).toEqual(['received', 'resolved', 'delivered'])
    expect((await queue.reader.stats()).suspended).toMatchObject([{ nextHop: 'mx:slow.example', by: 'postmaster' }])
    expect(await queue.noticeTasks({ limit: 9, now: 0 })).toMatchObject([
      { notice: 'failed' },
      { notice: 'delivered' },
      { notice: 'failed' },
    ])
    reader.close()
  })

  it('delivers and accepts control', async () => {
    const queue = await place.open()
    const claims = await queue.claim({ nextHop: 'mx:example.net', limit: 100, now: place.clock.time + 3_600_000 })
    expect(claims.map(({ message }) => message.queueId).toSorted()).toEqual(
      ['DEFERRED', 'NULLSENDER', 'QUEUED', 'SPOOLED'].toSorted(),
    )
    const spooled = claims.find(({ message }) => message.queueId === 'SPOOLED')
    expect(spooled && String(await buffer(queue.openBody(spooled.message.body)))).toBe(fixtureSpool.content)
    await queue.control({ action: 'release', filter: { states: ['held'] }, by: 'me', reason: 'x' })
    await queue.resume({ nextHop: 'mx:slow.example', by: 'me', reason: 'x' })
    expect(await queue.claim({ nextHop: 'mx:slow.example', limit: 9, now: place.clock.time })).toHaveLength(1)
  })
})

it('does not change a database of an older format when it only reads', () => {
  createFromDump(join(place.directory, DATABASE_FILE), readFileSync(fixture(1), 'utf8'))
  expect(() => openReadOnly(place.directory)).toThrow(/format of an older release \(format 1, this release uses \d+\)/)
})
