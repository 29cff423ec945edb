// Spool files: durable ones, discarded ones, orphans and losses after a crash, a full disk while writing.

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { deferred, sampleMessage, type TestQueue, testQueue } from '../../../../test/lib/queue-samples.ts'
import { createFakeClock } from '../../../../test/lib/fake-clock.ts'
import { SyncQueueReader } from '../../../../test/lib/sync-queue-reader.ts'
import { DirectorySync } from './directory-sync.ts'
import { createPool } from '../../../budget/pool.ts'
import { Spool } from './spool.ts'
import { SpoolSpace } from './spool-space.ts'

let directory: string
let spool: Spool

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'waypost-spool-'))
  spool = new Spool(directory, randomBytes, { folder: null, space: null })
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

describe('a spool file', () => {
  it('has what was written, with mode 0600', async () => {
    const bytes = randomBytes(1_000_000)
    const spooled = await spool.create()
    const { file, stream } = spooled
    await pipeline(Readable.from([bytes.subarray(0, 10), bytes.subarray(10, 500_000), bytes.subarray(500_000)]), stream)
    expect(await spooled.finish()).toEqual({ size: bytes.length })
    expect(await buffer(spool.read(file, bytes.length))).toEqual(bytes)
    expect(statSync(join(directory, file)).mode & 0o777).toBe(0o600)
  })

  it('leaves neither a file nor an open descriptor if the free space cannot be read', async () => {
    const clock = createFakeClock()
    const freeBytes = () => Promise.reject(Object.assign(new Error('no statfs'), { code: 'EIO' }))
    const space = new SpoolSpace({ clock, pool: createPool({ capacity: 1000 }, () => {}), freeBytes, reserveBytes: 0 })
    const broken = new Spool(directory, randomBytes, { folder: null, space })
    const open = () => readdirSync('/proc/self/fd').length
    const before = open()
    for (let i = 0; i < 20; i++) await expect(broken.create()).rejects.toMatchObject({ cause: 'failing' })
    expect(open()).toBeLessThan(before + 10)
    expect(readdirSync(directory, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())).toEqual([])
  })

  it('has a durable directory entry when it is finished', async () => {
    const spooled = await spool.create()
    const sync = vi.spyOn(DirectorySync.prototype, 'sync')
    await spooled.finish()
    const synced = sync.mock.calls.map(([path]) => path)
    sync.mockRestore()
    expect(synced).toEqual([dirname(join(directory, spooled.file))])
  })

  it('may be empty, and finished without being ended', async () => {
    const empty = await spool.create()
    expect(await empty.finish()).toEqual({ size: 0 })
    expect(await buffer(spool.read(empty.file, 0))).toEqual(Buffer.alloc(0))
  })

  it('is removed when discarded, also during a write', async () => {
    const spooled = await spool.create()
    const { file, stream } = spooled
    stream.write(randomBytes(5_000_000))
    await spooled.discard()
    expect(existsSync(join(directory, file))).toBe(false)
  })

  it('is not sent if its size differs from the row', async () => {
    const spooled = await spool.create()
    const { file, stream } = spooled
    stream.write('12345')
    await spooled.finish()
    truncateSync(join(directory, file), 3)
    await expect(buffer(spool.read(file, 5))).rejects.toThrow(/3 octets instead of 5/)
    await expect(buffer(spool.read('00/none', 5))).rejects.toThrow(/ENOENT/)
  })

  it('shares a directory with files written at the same time', async () => {
    const files = await Promise.all(
      Array.from({ length: 300 }, async (_, n) => {
        const spooled = await spool.create()
        const { file, stream } = spooled
        stream.end(`body ${n}`)
        await spooled.finish()
        return file
      }),
    )
    expect(new Set(files).size).toBe(300)
    expect(readdirSync(directory).sort()).toEqual(['00', '01'])
  })

  it('can be removed twice', async () => {
    await expect(spool.remove('00/none')).resolves.toBeUndefined()
  })
})

describe('after a crash', () => {
  let place: TestQueue
  beforeEach(() => {
    place = testQueue()
  })
  afterEach(() => place.remove())

  async function queued(text: string) {
    const queue = await place.open()
    const spooled = await queue.createSpoolFile()
    const { file, stream } = spooled
    stream.end(text)
    const { size } = await spooled.finish()
    const message = sampleMessage({ body: { kind: 'spool', file, size } })
    await queue.accept(message, { claim: false })
    return { queue, message, path: join(place.directory, 'spool', file) }
  }

  it('removes files that no row names and keeps the others', async () => {
    const { queue, path, message } = await queued('kept')
    mkdirSync(join(place.directory, 'spool', '7f'))
    const orphan = join(place.directory, 'spool', '7f', 'orphan')
    writeFileSync(orphan, 'x')
    await queue.close()
    const again = await place.open()
    expect(again.opened).toMatchObject({ orphansRemoved: 1, lost: [] })
    expect(existsSync(orphan)).toBe(false)
    expect(existsSync(path)).toBe(true)
    const [claim] = await again.claim({ nextHop: 'mx:example.net', limit: 1, now: place.clock.time })
    expect(claim?.message.body).toEqual(message.body)
    expect(String(await buffer(again.openBody(message.body)))).toBe('kept')
  })

  it.each([
    ['missing', (path: string) => rmSync(path)],
    ['truncated', (path: string) => truncateSync(path, 1)],
  ])('holds recipients whose body is %s, with the reason', async (_, damage) => {
    const { queue, path, message } = await queued('lost')
    await queue.close()
    damage(path)
    const again = await place.open()
    expect(again.opened.lost).toMatchObject([{ queueId: message.queueId }])
    expect(await again.claim({ nextHop: 'mx:example.net', limit: 1, now: place.clock.time })).toEqual([])
    expect(await again.health()).toMatchObject({ kind: 'ok', lostBodies: 1 })
    const reader = new SyncQueueReader(place.directory)
    expect(reader.show(message.queueId)).toMatchObject({ recipients: [{ state: 'held' }] })
    expect(reader.trace(message.queueId).at(-1)).toMatchObject({ kind: 'held', by: 'node' })
    reader.close()
  })

  it('keeps the file of an interrupted claim', async () => {
    const { queue, path } = await queued('again')
    const [claim] = await queue.claim({ nextHop: 'mx:example.net', limit: 1, now: place.clock.time })
    await queue.close()
    const again = await place.open()
    expect(again.opened).toMatchObject({ recovered: 1, orphansRemoved: 0 })
    expect(existsSync(path)).toBe(true)
    await again.settle({
      queueId: claim?.message.queueId ?? '',
      nextHop: 'mx:example.net',
      outcomes: [{ recipientId: claim?.recipients[0]?.recipientId ?? 0, outcome: deferred() }],
    })
  })
})
