// Disks that misbehave under a running queue: full, limited in file size (EFBIG, an I/O error to SQLite), read-only. A small tmpfs is
// mounted where the user may; elsewhere those tests are skipped.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { randomBytes } from 'node:crypto'
import { systemClock } from '../../src/lib/clock.ts'
import { openQueue } from '../../src/queue/sqlite/open-queue.ts'
import type { OpenQueue } from '../../src/queue/contract/opened-queue.ts'
import { queueSettings } from '../../src/queue/contract/queue-settings.ts'
import type { Claim } from '../../src/queue/contract/queue.ts'
import { delivered, sampleMessage } from '../lib/queue-samples.ts'
import { makeSmallDisk, mayMount, type SmallDisk } from '../lib/small-disk.ts'
import { until } from '../lib/until.ts'

const DISK_OCTETS = 12 * 1024 * 1024

describe.skipIf(!mayMount)('a small disk', () => {
  let small: SmallDisk
  let disk: string
  let queue: OpenQueue | null

  beforeEach(() => {
    small = makeSmallDisk(DISK_OCTETS)
    disk = small.path
    queue = null
  })
  afterEach(async () => {
    await queue?.close().catch(() => {})
    small.remove()
  })

  const open = async (reserveBytes = 0) => {
    queue = await openQueue(
      { ...queueSettings(join(disk, 'queue')), reserveBytes },
      { clock: systemClock, randomBytes },
    )
    return queue
  }
  const big = (claim = false) => ({
    message: sampleMessage({ arrivedAt: Date.now(), body: { kind: 'inline', bytes: Buffer.alloc(30_000, 'x') } }),
    claim,
  })
  const settle = (queue: OpenQueue, claim: Claim) =>
    queue.settle({
      queueId: claim.message.queueId,
      nextHop: claim.nextHop,
      outcomes: claim.recipients.map(({ recipientId }) => ({ recipientId, outcome: delivered() })),
    })

  it('refuses new mail when it is full, keeps what it took, and recovers', async () => {
    const queue = await open()
    const taken: Claim[] = []
    let refused: unknown = null
    for (let n = 0; n < 1_000 && refused === null; n++) {
      const { message } = big()
      await queue.accept(message, { claim: true }).then(
        (claims) => taken.push(...claims),
        (error: unknown) => {
          refused = error
        },
      )
    }
    expect(refused).toMatchObject({ name: 'QueueUnavailable', cause: 'full' })
    expect(taken.length).toBeGreaterThan(50)
    expect((await queue.health()).kind).not.toBe('failing')
    const ballast = join(disk, 'ballast')
    rmSync(ballast, { force: true })
    small.remount(`size=${DISK_OCTETS * 3}`)
    for (const claim of taken) await settle(queue, claim)
    expect((await queue.reader.stats()).messages).toBe(0)
    await expect(queue.accept(big().message, { claim: false })).resolves.toEqual([])
    expect(await queue.health()).toMatchObject({ kind: 'ok' })
  })

  it('keeps a settlement that cannot be written until it can', async () => {
    const queue = await open()
    const [claim] = await queue.accept(sampleMessage({ arrivedAt: Date.now() }), { claim: true })
    const filler = join(disk, 'filler')
    spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k'])
    let done = false
    const settled = settle(queue, claim as Claim).then(() => {
      done = true
    })
    for (let n = 0; n < 400 && !done; n++) await queue.accept(big().message, { claim: false }).catch(() => {})
    rmSync(filler)
    await settled
    expect((await queue.reader.stats()).recipients.claimed).toBe(0)
  })

  it('records results of delivery when others have filled it to the last octet', async () => {
    const reserve = 0.6 * DISK_OCTETS
    const isKept = () =>
      (statSync(join(disk, 'queue', 'settling-reserve'), { throwIfNoEntry: false })?.size ?? 0) >= reserve / 2 - 1
    const queue = await open(reserve)
    await until(isKept, { what: 'the reserve for results' })
    const taken: Claim[] = []
    for (let n = 0; n < 60; n++) taken.push(...(await queue.accept(big().message, { claim: true })))
    spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'filler')}`, 'bs=4k'])
    await expect(queue.accept(big().message, { claim: false })).rejects.toMatchObject({ cause: 'full' })
    for (const claim of taken) await settle(queue, claim)
    expect((await queue.reader.stats()).messages).toBe(0)
    expect(isKept()).toBe(false)
    small.remount(`size=${DISK_OCTETS * 3}`)
    await until(isKept, { what: 'the reserve to be kept again' })
  })

  it('says full while the reserve is still there', async () => {
    const queue = await open(DISK_OCTETS / 2)
    expect(await queue.health()).toMatchObject({ kind: 'ok' })
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(DISK_OCTETS * 0.6))
    await systemClock.sleep(1_050)
    expect(await queue.health()).toMatchObject({ kind: 'full' })
    await expect(queue.accept(sampleMessage(), { claim: false })).resolves.toEqual([])
  })

  it('refuses a spooled body and leaves no file when it is full', async () => {
    const queue = await open()
    const spooled = await queue.createSpoolFile()
    spooled.stream.on('error', () => {})
    const chunk = Buffer.alloc(1024 * 1024)
    const failure = await new Promise<unknown>((resolve) => {
      spooled.stream.once('error', resolve)
      for (let n = 0; n < 16; n++) spooled.stream.write(chunk)
    })
    expect(failure).toMatchObject({ name: 'QueueUnavailable', cause: 'full' })
    await spooled.discard()
    await expect(queue.accept(big().message, { claim: false })).resolves.toEqual([])
  })

  it('fails in words when it becomes read-only, and works again after', async () => {
    const queue = await open()
    await queue.accept(sampleMessage(), { claim: false })
    await queue.close()
    small.remount('ro')
    await expect(open()).rejects.toMatchObject({ name: 'QueueUnavailable', cause: 'failing' })
    small.remount('rw')
    expect((await (await open()).reader.stats()).messages).toBe(1)
  })
})

describe('a process whose files may not grow', () => {
  it('answers with an error, does not crash, and loses nothing it took', () => {
    const place = mkdtempSync(join(tmpdir(), 'waypost-limit-'))
    mkdirSync(place, { recursive: true })
    const script = join(import.meta.dirname, 'queue-limit-child.ts')
    const run = spawnSync('prlimit', ['--fsize=2000000', process.execPath, script, place], { encoding: 'utf8' })
    const { taken, refused, kept } = JSON.parse(run.stdout) as { taken: number; refused: string; kept: number }
    expect(run.status).toBe(0)
    expect(taken).toBeGreaterThan(0)
    expect(refused).toMatch(/full|failing/)
    expect(kept).toBe(taken)
    rmSync(place, { recursive: true, force: true })
  })
})
