// Published streams after DATA, however they are cut into writes, through a real listener and the reader of messages behind it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { receiveMessage } from '../../src/message/receive.ts'
import type { TestHooks } from '../lib/scripted-hooks.ts'
import { startTestListener, type TestListener } from '../lib/test-listener.ts'
import { suite } from './suites.ts'

interface Row {
  readonly stream: string
  readonly max: number
  readonly expect: 'accept' | 'reject' | 'incomplete' | 'too-large'
  readonly content_lf: string | null
}

/**
 * RFC 1870 section 3 counts the octets of the message without the final dot: `abc` CRLF is five, and fits into a limit of five.
 * The suite counts the line of the dot too.
 */
const overruled = (row: Row): Row =>
  row.stream === 'abc\r\n.\r\n' && row.max === 5 ? { ...row, expect: 'accept', content_lf: 'abc\n' } : row

const text = suite('smtp/data-endings.jsonl')
const rows = (text ?? '')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => overruled(JSON.parse(line) as Row))

describe.runIf(rows.length > 0)('the end of data', () => {
  const taken: string[] = []
  let server: TestListener
  let limit = 0

  /** Reads as a node does, into memory. */
  const data: TestHooks['data'] = async (_session, _transaction, message) => {
    const chunks: Buffer[] = []
    const sink = { write: (chunk: Buffer) => void chunks.push(chunk) }
    const received = await receiveMessage(message, sink, { bareNewline: 'reject', maxSize: limit })
    if (received.kind === 'refused') return received.reply
    if (received.kind === 'aborted') return { code: 451, enhanced: '4.3.0', text: received.cause }
    const content = Buffer.concat([received.header, ...chunks]).toString('latin1')
    taken.push(received.separatorAdded ? content.replace('\r\n', '') : content)
    return { code: 250, enhanced: '2.0.0', text: 'Taken' }
  }
  beforeAll(async () => {
    server = await startTestListener({ hooks: { data } })
  })
  afterAll(() => server.close())

  it.each(rows)('$stream (at most $max octets): $expect', async (row) => {
    const whole = Buffer.from(row.stream, 'latin1')
    const cuts = [[], ...Array.from(whole, (_, index) => [index]), Array.from(whole, (_, index) => index)]
    for (const cut of cuts) await judge(row, whole, cut)
  })

  async function judge(row: Row, whole: Buffer, cuts: readonly number[]): Promise<void> {
    taken.length = 0
    limit = row.max
    const client = await server.greeted()
    await client.pipeline(['MAIL FROM:<>', 'RCPT TO:<a@example.org>', 'DATA'], ['250', '250', '354'])
    let from = 0
    for (const cut of [...cuts, whole.length]) {
      if (cut > from) client.write(whole.subarray(from, cut))
      from = cut
      await new Promise((resolve) => setImmediate(resolve))
    }
    const ends = /(?:^|\r\n)\.\r\n/.test(row.stream)
    const code = ends ? (await client.reply()).code : null
    client.end()
    await client.closed()
    if (row.expect === 'accept') {
      expect(code).toBe(250)
      expect(taken).toEqual([row.content_lf?.replaceAll('\n', '\r\n')])
    } else {
      expect(taken).toEqual([])
      if (ends) expect(code).toBe(row.expect === 'too-large' ? 552 : 550)
    }
  }
})
