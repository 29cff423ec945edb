// The stream into a spool file: few writes, octets in order, errors reported, nothing written after it is abandoned.

import { describe, expect, it } from 'vitest'
import { once } from 'node:events'
import { SpoolWriter } from './spool-writer.ts'

const CHUNK = 65_536

function writerOver(write?: (octets: Buffer) => Promise<void>) {
  const writes: Buffer[] = []
  const descriptor = {
    write: async (chunks: readonly Buffer[]) => {
      const octets = Buffer.concat(chunks)
      await write?.(octets)
      writes.push(octets)
    },
    sync: async () => 0,
    empty: async () => {},
    close: async () => {},
  }
  return { writer: new SpoolWriter(descriptor, { take: () => {}, wrote: () => {}, release: () => {} }), writes }
}

const chunk = (number: number) => Buffer.alloc(CHUNK, number)

describe('the writer of a spool file', () => {
  it('gathers chunks for one write and writes the rest at the end', async () => {
    const { writer, writes } = writerOver()
    for (let number = 0; number < 9; number++) if (!writer.write(chunk(number))) await once(writer, 'drain')
    writer.end()
    await once(writer, 'finish')
    expect(writes.map((one) => one.length)).toEqual([4 * CHUNK, 4 * CHUNK, CHUNK])
    expect(Buffer.concat(writes)).toEqual(Buffer.concat(Array.from({ length: 9 }, (_, number) => chunk(number))))
  })

  it('writes few pieces of memory, however small the chunks are', async () => {
    const pieces: number[] = []
    const descriptor = {
      write: async (chunks: readonly Buffer[]) => void pieces.push(chunks.length),
      sync: async () => 0,
      empty: async () => {},
      close: async () => {},
    }
    const writer = new SpoolWriter(descriptor, { take: () => {}, wrote: () => {}, release: () => {} })
    for (let octet = 0; octet < 300_000; octet++)
      if (!writer.write(Buffer.from([octet & 0xff]))) await once(writer, 'drain')
    writer.end()
    await once(writer, 'finish')
    expect(pieces).toHaveLength(2)
    expect(Math.max(...pieces)).toBeLessThan(30)
  })

  it('writes nothing for an empty body', async () => {
    const { writer, writes } = writerOver()
    writer.end()
    await once(writer, 'finish')
    expect(writes).toEqual([])
  })

  it('reports errors of the disk, also at the end', async () => {
    for (const count of [1, 5]) {
      const full = Object.assign(new Error('no space'), { code: 'ENOSPC' })
      const { writer } = writerOver(() => Promise.reject(full))
      const failed = once(writer, 'error')
      for (let number = 0; number < count; number++) writer.write(chunk(number))
      writer.end()
      expect((await failed)[0]).toMatchObject({ name: 'QueueUnavailable', cause: 'full' })
    }
  })

  it('waits for a running write when it is abandoned, and starts none', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { writer, writes } = writerOver(() => promise)
    for (let number = 0; number < 6; number++) writer.write(chunk(number))
    await new Promise((turn) => setImmediate(turn))
    const given = writer.abandon()
    resolve()
    await given
    await new Promise((turn) => setImmediate(turn))
    expect(writes.map((one) => one.length)).toEqual([4 * CHUNK])
  })
})
