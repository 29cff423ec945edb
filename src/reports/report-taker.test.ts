// Taking queued messages with reports: proof, domains, budgets, space, and a thread that is lost. The thread is a real one.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import { BEGIN, complaintMail, dmarcXml, type DmarcSample, mailWithFile } from '../../test/lib/report-samples.ts'
import { createRate } from '../budget/rate.ts'
import { createReportTaker, provenDomain, type ReportMessage, type TakerPorts } from './report-taker.ts'
import { createReportThread, type ReportThread } from './thread/report-thread.ts'

let clock: FakeClock
const authservId = 'example.org'
let folder: string
let path: string
let thread: ReportThread
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-taker-'))
  path = join(folder, 'reports.db')
  clock = createFakeClock(BEGIN + 2 * 86_400_000)
  thread = createReportThread(path, clock)
})
afterEach(async () => {
  await thread.close()
  rmSync(folder, { recursive: true })
})

const received = 'Received: from a.example by mx.example.org with ESMTP id X; Sat, 28 Nov 2026 10:00:00 +0000\r\n'
const passes = 'Authentication-Results: example.org;\r\n\tdmarc=pass header.from=reporter.example\r\n'

function message(mail: string, changes: Partial<ReportMessage> = {}, trace = received + passes): ReportMessage {
  const [head, body] = [mail.slice(0, mail.indexOf('\r\n\r\n') + 4), mail.slice(mail.indexOf('\r\n\r\n') + 4)]
  return {
    queueId: 'q1',
    arrivedAt: clock.now(),
    origin: { kind: 'internet' },
    header: Buffer.from(trace + head),
    bodySize: body.length,
    openBody: () => Readable.from([Buffer.from(body)]),
    ...changes,
  }
}
const report = (sample: DmarcSample = {}) =>
  mailWithFile({ type: 'text/xml', name: 'a.xml', content: Buffer.from(dmarcXml(sample)) })

function createTaker(changes: Partial<TakerPorts> & { readonly capacity?: number; readonly daily?: number } = {}) {
  const { capacity = 100, daily = 100, ...ports } = changes
  const limits = { capacity: daily, halfLifeMs: 86_400_000, keys: 10 }
  return createReportTaker(
    { authservId, domains: () => ['also.example'], capacity, resultCapacity: 3 },
    {
      thread,
      clock,
      isOurs: (domain) => domain === 'example.org',
      rows: createRate(limits, { clock, refused: () => undefined }),
      findOriginal: async () => null,
      counted: () => undefined,
      ...ports,
    },
  )
}

describe('a report', () => {
  it('is read, and known the second time', async () => {
    const taker = createTaker()
    expect(await taker.open()).toEqual({
      rows: 0,
      newest: { dmarc: null, tls: null, complaint: null },
      aside: null,
    })
    expect(await taker.take(message(report()))).toMatchObject({
      kind: 'read',
      isNew: true,
      proven: 'reporter.example',
      summary: { kind: 'dmarc', text: 'DMARC report of reporter.example about example.org, 2026-11-28, 1 records' },
    })
    expect(await taker.take(message(report(), { queueId: 'q2' }))).toMatchObject({ kind: 'read', isNew: false })
    expect(await taker.purge(clock.now() + 1, 0)).toBe(1)
  })

  it('about another domain is held; about a configured one it is not', async () => {
    const taker = createTaker()
    expect(await taker.take(message(report({ domain: 'other.example' })))).toMatchObject({
      kind: 'unreadable',
      reason: expect.stringContaining('about other.example, which is no domain of ours'),
    })
    expect(await taker.take(message(report({ domain: 'sub.also.example' })))).toMatchObject({ kind: 'read' })
  })

  it('beyond the records of a day, or of the store, waits', async () => {
    const limited = createTaker({ daily: 1 })
    await limited.take(message(report()))
    expect(await limited.take(message(report({ id: '2' })))).toMatchObject({
      kind: 'unavailable',
      cause: 'reporter.example: too many records in one day',
    })
    expect(await limited.take(message(report({ id: '3' }), {}, received))).toMatchObject({ kind: 'read', proven: null })
    const full = createTaker({ capacity: 1 })
    expect(await full.take(message(report({ id: '4' })))).toMatchObject({ cause: 'the store of reports is full' })
  })

  it('waits if its body or the store cannot be used', async () => {
    const broken = () =>
      new Readable({
        read() {
          this.destroy(new Error('EIO'))
        },
      })
    expect(await createTaker().take(message(report(), { openBody: broken }))).toMatchObject({ kind: 'unavailable' })
    const nowhere = createReportThread(join(folder, 'absent', 'reports.db'), clock)
    const taker = createTaker({ thread: nowhere })
    expect(await taker.take(message(report()))).toMatchObject({
      kind: 'unavailable',
      cause: expect.stringMatching(/ENOENT/),
    })
    expect(await taker.purge(0, 0)).toMatchObject({ unavailable: expect.stringMatching(/ENOENT/) })
    await nowhere.close()
  })

  it('that is too large is not even read', async () => {
    const huge = message(report(), { bodySize: 30 * 2 ** 20, openBody: () => expect.fail('it was read') })
    expect(await createTaker().take(huge)).toMatchObject({ kind: 'unreadable' })
  })

  it('is one of eight that wait', async () => {
    const taker = createTaker()
    const taken = await Promise.all(Array.from({ length: 12 }, (_, n) => taker.take(message(report({ id: `${n}` })))))
    expect(taken.map(({ kind }) => kind)).toEqual([...Array(9).fill('read'), ...Array(3).fill('busy')])
  })
})

describe('a complaint', () => {
  it('has what the ledger knows, and waits if the ledger cannot be read', async () => {
    const original = { queueId: 'orig', account: 'user:kim' }
    const asked: unknown[] = []
    const taker = createTaker({ findOriginal: async (one) => (asked.push(one.messageId), original) })
    const mail = complaintMail({ original: ['Message-ID: <1@example.org>'] })
    expect(await taker.take(message(mail))).toMatchObject({ kind: 'read', original })
    expect(asked).toEqual(['<1@example.org>'])
    const failing = createTaker({ findOriginal: () => Promise.reject(new Error('no disk')) })
    expect(await failing.take(message(mail))).toEqual({
      kind: 'unavailable',
      cause: 'the ledger cannot be read: no disk',
    })
  })
})

describe('the proof', () => {
  const of = (trace: string, origin: ReportMessage['origin'] = { kind: 'internet' }) =>
    provenDomain({ origin, header: Buffer.from(trace) }, authservId)
  it.each([
    ['a pass', received + passes, 'reporter.example'],
    ['a failure', received + passes.replace('pass', 'fail'), null],
    ['of another server', received + passes.replace('example.org', 'other.example'), null],
    ['below the first hop', received + received + passes, null],
    ['nothing', received, null],
  ])('is %s', (_, trace, expected) => {
    expect(of(trace)).toBe(expected)
  })
  it('is nothing for mail of the fleet', () => {
    expect(of(received + passes, { kind: 'local' })).toBeNull()
  })
})

describe('the thread', () => {
  it('is started again after it was lost; a report that takes too long is unreadable', async () => {
    const taker = createTaker()
    const taken = taker.take(message(report()))
    // The worker is still starting.
    await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(61_000)
    expect(await taken).toMatchObject({
      kind: 'unreadable',
      reason: 'the report cannot be read: it took more than 60 s',
    })
    expect(await taker.take(message(report()))).toMatchObject({ kind: 'read', isNew: true })
  })

  it('sets a damaged file aside', async () => {
    writeFileSync(path, 'no database at all, and long enough to have a header of one')
    expect(await createTaker().open()).toMatchObject({ rows: 0, aside: expect.stringContaining('reports.db.damaged') })
  })
})
