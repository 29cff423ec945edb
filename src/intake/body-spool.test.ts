import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { INLINE_LIMIT } from '../queue/contract/queue.ts'
import { BodySpool } from './body-spool.ts'

/** A spool in memory that can be slow or fail. */
function spool(options: { failAfter?: number } = {}) {
  const written: Buffer[] = []
  const state = { created: 0, discarded: 0, finished: 0 }
  const queue = {
    createSpoolFile: async () => {
      state.created++
      const stream = new Writable({
        highWaterMark: 1024,
        write(chunk: Buffer, _, done) {
          if (options.failAfter !== undefined && written.length >= options.failAfter)
            return done(Object.assign(new Error('no space'), { code: 'ENOSPC' }))
          written.push(chunk)
          setImmediate(done)
        },
      })
      return {
        file: 'aa/body',
        stream,
        finish: async () => {
          await new Promise<void>((resolve) => stream.end(() => resolve()))
          state.finished++
          return { size: Buffer.concat(written).length }
        },
        discard: async () => void state.discarded++,
      }
    },
  }
  return { queue, written, state }
}

async function fill(sink: BodySpool, chunks: readonly Buffer[]): Promise<void> {
  for (const chunk of chunks) await sink.write(chunk)
}

describe('small bodies', () => {
  test('stay in memory up to the limit', async () => {
    const { queue, state } = spool()
    const sink = new BodySpool(queue)
    const bytes = Buffer.alloc(INLINE_LIMIT, 'x')
    await fill(sink, [bytes.subarray(0, 100), bytes.subarray(100)])
    const body = await sink.finish()
    expect(body.kind === 'inline' && body.bytes.equals(bytes)).toBe(true)
    expect(state.created).toBe(0)
  })

  test('an empty one is inline and empty', async () => {
    expect(await new BodySpool(spool().queue).finish()).toEqual({ kind: 'inline', bytes: Buffer.alloc(0) })
  })
})

test('octets in memory are counted until a file holds them', async () => {
  let counted = 0
  const memory = { take: (octets: number) => (counted += octets) > 0, give: (octets: number) => (counted -= octets) }
  const sink = new BodySpool(spool().queue, { memory })
  await fill(sink, [Buffer.alloc(INLINE_LIMIT)])
  expect(counted).toBe(INLINE_LIMIT)
  await fill(sink, [Buffer.alloc(100), Buffer.alloc(1_000_000)])
  expect(counted).toBe(0)
})

test('where memory is short, the body goes to a file at once', async () => {
  const { queue, state } = spool()
  const sink = new BodySpool(queue, { memory: { take: () => false, give: () => {} } })
  await fill(sink, [Buffer.from('Hello.\r\n')])
  expect(await sink.finish()).toMatchObject({ kind: 'spool', size: 8 })
  expect(state.created).toBe(1)
})

describe('a body that arrives octet by octet', () => {
  const drip = (octets: number) => Array.from({ length: octets }, (_, at) => Buffer.from([at & 0xff]))

  test('is one piece of memory of its size', async () => {
    const sink = new BodySpool(spool().queue)
    await fill(sink, drip(120_000))
    const body = await sink.finish()
    if (body.kind !== 'inline') throw new Error('not inline')
    expect(body.bytes.equals(Buffer.concat(drip(120_000)))).toBe(true)
    expect(body.bytes.buffer.byteLength).toBeLessThanOrEqual(240_000)
  })

  test('goes to its file in few pieces', async () => {
    const { queue, written } = spool()
    const sink = new BodySpool(queue)
    await fill(sink, drip(INLINE_LIMIT + 40_000))
    await sink.finish()
    expect(Buffer.concat(written).equals(Buffer.concat(drip(INLINE_LIMIT + 40_000)))).toBe(true)
    expect(written.length).toBeLessThan(100)
  })
})

describe('larger bodies', () => {
  test('go to one file, complete and in order', async () => {
    const { queue, written, state } = spool()
    const sink = new BodySpool(queue)
    const chunks = Array.from({ length: 60 }, (_, i) => Buffer.alloc(3000, i))
    await fill(sink, chunks)
    expect(await sink.finish()).toEqual({ kind: 'spool', file: 'aa/body', size: 180_000 })
    expect(Buffer.concat(written).equals(Buffer.concat(chunks))).toBe(true)
    expect(state).toEqual({ created: 1, discarded: 0, finished: 1 })
  })

  test('one octet over the limit is enough', async () => {
    const { queue, state } = spool()
    const sink = new BodySpool(queue)
    await fill(sink, [Buffer.alloc(INLINE_LIMIT + 1)])
    expect((await sink.finish()).kind).toBe('spool')
    expect(state.created).toBe(1)
  })

  test('a disk error is thrown by the next write or by finish', async () => {
    const { queue } = spool({ failAfter: 2 })
    const sink = new BodySpool(queue)
    const attempt = async () => {
      await fill(
        sink,
        Array.from({ length: 60 }, () => Buffer.alloc(3000)),
      )
      await sink.finish()
    }
    await expect(attempt()).rejects.toMatchObject({ code: 'ENOSPC' })
  })

  test('a refused message leaves no file', async () => {
    const { queue, state } = spool()
    const sink = new BodySpool(queue)
    await fill(sink, [Buffer.alloc(INLINE_LIMIT + 1)])
    await sink.discard()
    expect(state.discarded).toBe(1)
  })
})
