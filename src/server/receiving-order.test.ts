// Commands and messages in any order, pipelined and cut into any segments: a small model of the protocol says what the replies and the
// messages must be, so a segment border can neither hide an octet nor make a command of one.

import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import { startTestListener, type TestListener } from '../../test/lib/test-listener.ts'

let server: TestListener
afterEach(async () => {
  await server.close()
  expect(server.bugs).toEqual([])
})

type Step =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'data'; readonly content: string }
  | { readonly kind: 'bdat'; readonly content: string; readonly marker: string }

interface Model {
  readonly stream: Buffer
  readonly replies: readonly number[]
  readonly messages: readonly string[]
}

const LIMIT = 60

/** What RFC 5321 and RFC 3030 say about these steps after EHLO. */
function run(steps: readonly Step[]): Model {
  const stream: string[] = []
  const replies: number[] = []
  const messages: string[] = []
  let recipients: number | null = null
  let chunks: string | null = null
  const reset = () => {
    recipients = null
    chunks = null
  }
  const accept = (content: string) => {
    if (content.length <= LIMIT) messages.push(content)
    replies.push(content.length > LIMIT ? 552 : 250)
    reset()
  }
  const line = (text: string): number => {
    if (text === 'RSET' || text === 'EHLO c') {
      reset()
      return 250
    }
    if (text === 'NOOP') return 250
    if (text.startsWith('MAIL')) {
      if (recipients !== null) return 503
      recipients = 0
      return 250
    }
    if (!text.startsWith('RCPT')) return 500
    if (recipients === null || chunks !== null) return 503
    if (text.endsWith('<>')) return 501
    recipients++
    return 250
  }
  const order = (): number | null => {
    if (recipients === null) return 503
    return recipients === 0 ? 554 : null
  }
  for (const step of steps) {
    if (step.kind === 'line') {
      stream.push(`${step.line}\r\n`)
      replies.push(line(step.line))
    } else if (step.kind === 'data') {
      stream.push('DATA\r\n')
      const refused = chunks === null ? order() : 503
      replies.push(refused ?? 354)
      if (refused !== null) continue
      const closed = step.content === '' || step.content.endsWith('\r\n') ? step.content : `${step.content}\r\n`
      stream.push(`${closed.replace(/(^|\r\n)\./g, '$1..')}.\r\n`)
      accept(closed)
    } else {
      stream.push(`BDAT ${step.content.length}${step.marker}\r\n${step.content}`)
      const whole: string = (chunks ?? '') + step.content
      const refused = /^(?: LAST)?$/.test(step.marker) ? (order() ?? (whole.length > LIMIT ? 552 : null)) : 501
      if (refused !== null) {
        replies.push(refused)
        reset()
      } else if (step.marker === '') {
        replies.push(250)
        chunks = whole
      } else accept(whole)
    }
  }
  return { stream: Buffer.from(stream.join(''), 'latin1'), replies, messages }
}

const piece = fc.constantFrom(
  '.',
  '\r\n',
  '\r\n.\r\n',
  'x',
  'abc',
  'QUIT\r\n',
  'BDAT 3 LAST\r\n',
  'RSET\r\n',
  '\0',
  '\xff',
)
const bare = fc.constantFrom('\r', '\n', '\n.\n', '\r.\r', '\n.\r\n', '\r\n.\n')
const content = fc.array(fc.oneof(piece, bare), { maxLength: 9 }).map((parts) => parts.join(''))
/** Dots are stuffed where RFC 5321 4.5.2 says, which is the same for any content; a CR at the end would join the final CRLF. */
const dotted = content.filter((text) => !text.endsWith('\r'))
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'line', line: 'MAIL FROM:<>' } as const) },
  { weight: 3, arbitrary: fc.constant({ kind: 'line', line: 'RCPT TO:<a@example.org>' } as const) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('RSET', 'NOOP', 'EHLO c', 'XYZZY', 'RCPT TO:<>')
      .map((line) => ({ kind: 'line', line }) as const),
  },
  { weight: 2, arbitrary: dotted.map((text) => ({ kind: 'data', content: text }) as const) },
  {
    weight: 5,
    arbitrary: fc
      .record({ content, marker: fc.constantFrom('', '', '', ' LAST', ' LAST', ' FIRST') })
      .map((parts) => ({ kind: 'bdat', ...parts }) as const),
  },
)
/** Most sequences begin with a transaction, so that chunks are accepted. */
const begun = [
  { kind: 'line', line: 'MAIL FROM:<>' },
  { kind: 'line', line: 'RCPT TO:<a@example.org>' },
] as const
const steps = fc
  .tuple(fc.boolean(), fc.array(step, { maxLength: 14 }))
  .map(([isBegun, more]) => (isBegun ? [...begun, ...more] : more))

it('gives the replies and messages of the model for every order and every segmentation', async () => {
  server = await startTestListener({
    limits: { messageSize: LIMIT, softErrors: 1e6, hardErrors: 1e6, junkCommands: 1e6 },
    client: 10_000,
  })
  const seen = new Set<number>()
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
      async (all, cuts) => {
        const expected = run(all)
        server.messages.length = 0
        const client = await server.greeted()
        const places = cuts.map((cut) => Math.floor(cut * expected.stream.length)).toSorted((a, b) => a - b)
        let from = 0
        for (const place of [...places, expected.stream.length]) {
          if (place > from) client.write(expected.stream.subarray(from, place))
          from = Math.max(from, place)
          await new Promise((resolve) => setImmediate(resolve))
        }
        client.write('QUIT\r\n')
        const replies: number[] = []
        for (let code = 0; code !== 221; replies.push(code)) code = (await client.reply()).code
        await client.closed()
        expect(replies).toEqual([...expected.replies, 221])
        for (const code of replies) seen.add(code)
        expect(server.messages.map(({ content: octets }) => octets.toString('latin1'))).toEqual(expected.messages)
      },
    ),
    { numRuns: 600 },
  )
  expect([...seen].toSorted((a, b) => a - b)).toEqual([221, 250, 354, 500, 501, 503, 552, 554])
}, 60_000)

it('gives them octet by octet', async () => {
  server = await startTestListener({ limits: { messageSize: LIMIT, softErrors: 100, hardErrors: 100 } })
  const expected = run([
    ...begun,
    { kind: 'bdat', content: 'a\r\n.\r\n', marker: '' },
    { kind: 'data', content: '' },
    { kind: 'bdat', content: '\n.\n\r', marker: ' LAST' },
    ...begun,
    { kind: 'data', content: '.\r\n..x' },
    ...begun,
    { kind: 'bdat', content: 'x'.repeat(LIMIT + 1), marker: '' },
    { kind: 'bdat', content: 'QUIT\r\n', marker: ' LAST' },
  ])
  const client = await server.greeted()
  for (const octet of expected.stream) {
    client.write(Buffer.from([octet]))
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (const code of expected.replies) expect((await client.reply()).code).toBe(code)
  expect(server.messages.map(({ content: octets }) => octets.toString('latin1'))).toEqual(expected.messages)
  expect(expected.messages).toHaveLength(2)
})
