import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { type DataLine, sendData } from './send-data.ts'

const BLOCK = 180_000
const CHUNK = Buffer.alloc(64 * 1024, 'x')
const header = Buffer.from('Subject: x\r\n\r\n')

/** A peer that reads each chunk after the next of `pauses`, ms; after the last one at once. */
function slowPeer(pauses: readonly number[]) {
  const clock = createFakeClock()
  const written: Buffer[] = []
  const left = [...pauses]
  const together: number[] = []
  let closed: string | null = null
  const line: DataLine = {
    clock,
    write: (data) => {
      written.push(Buffer.from(data))
      return left.length === 0
    },
    writeTogether: (pieces) => {
      together.push(pieces.length)
      written.push(...pieces.map((piece) => Buffer.from(piece)))
      return left.length === 0
    },
    drained: () => clock.advance(left.shift() ?? 0),
    peekReply: () => (closed === null ? null : { kind: 'lost', cause: closed }),
    close: (cause) => void (closed = cause),
  }
  return { line, written: () => Buffer.concat(written), together, closed: () => closed }
}

const content = (chunks: number) => ({
  header,
  inline: null,
  bodySize: chunks * CHUNK.length,
  open: () => Readable.from(Array.from({ length: chunks }, () => CHUNK)),
})

describe('sending a message in memory', () => {
  const inline = (body: Buffer) => ({ header, inline: body, bodySize: body.length, open: () => Readable.from([]) })

  it.each([0, 10, 16_384, 16_385, 130_000])('of %i octets sends the same octets, copied or not', async (size) => {
    const peer = slowPeer([])
    const body = Buffer.concat([Buffer.from('.dot\r\n'), Buffer.alloc(size, '.\r\n')])
    expect(await sendData(peer.line, inline(body), BLOCK)).toEqual({ kind: 'sent' })
    const sent = peer.written().toString().slice(header.length)
    const complete = body.toString().endsWith('\r\n') ? '' : '\r\n'
    expect(sent).toBe(`${body.toString().replaceAll(/^\./gm, '..')}${complete}.\r\n`)
    expect(peer.together).toEqual(body.length > 16_384 ? [3] : [])
  })
})

describe('sending a large message', () => {
  it('ends with a dot on a separate line', async () => {
    const peer = slowPeer([])
    expect(await sendData(peer.line, content(3), BLOCK)).toEqual({ kind: 'sent' })
    expect(peer.written().subarray(-5).toString()).toBe('\r\n.\r\n')
    expect(peer.written().length).toBe(header.length + 3 * CHUNK.length + 5)
  })

  it('waits for a peer that pauses once, and for one that reads slowly but steadily', async () => {
    for (const pauses of [[BLOCK - 1], Array.from({ length: 40 }, () => 100_000)]) {
      const peer = slowPeer(pauses)
      expect(await sendData(peer.line, content(41), BLOCK)).toEqual({ kind: 'sent' })
      expect(peer.closed()).toBeNull()
    }
  })

  it('closes if the peer reads a block just before each time-out, and sends no final dot', async () => {
    const peer = slowPeer(Array.from({ length: 50 }, () => BLOCK - 1))
    expect(await sendData(peer.line, content(50), BLOCK)).toEqual({ kind: 'interrupted' })
    expect(peer.closed()).toContain('too slowly')
    expect(peer.written().toString()).not.toContain('\r\n.\r\n')
    expect(peer.written().length).toBeLessThan(5 * CHUNK.length)
  })
})
