// The end of DATA, line ends, header section and body, in any segments.

import { PassThrough } from 'node:stream'
import { type Received, receiveMessage } from '../../../src/message/receive.ts'
import { createDataFraming } from '../../../src/server/data-framing.ts'
import { cut, type FuzzRandom } from '../fuzz-random.ts'
import { type FuzzTarget, same } from '../fuzz-target.ts'

const MOST = 16_384

export const messageTarget: FuzzTarget = {
  name: 'messages',
  holds:
    'Nothing throws; the message and what follows it are the same in all segments; a stored message has no bare CR or LF and is stored unchanged when it comes again.',
  most: MOST,
  words: [
    '\r\n.\r\n',
    '\n.\n',
    '\r.\r',
    '\n.\r\n',
    '\r\n.\n',
    '\r\n..\r\n',
    '\r\n\r\n',
    'From: ',
    'Subject: ',
    '\r\n ',
    'Received: x\r\n',
    'From a@b.example\r\n',
    '>From a\r\n',
    '\xef\xbb\xbf',
    ': ',
    ' :',
    '\0',
    '\r\n\t',
    'MAIL FROM:<>\r\n',
  ],
  open: () => ({ run }),
}

interface Framed {
  readonly content: Buffer
  readonly rest: Buffer | null
}

async function run(input: Buffer, random: FuzzRandom): Promise<string> {
  const segments = cut(input, random, 8)
  const whole = frame([Buffer.from(input)])
  const framed = frame(segments)
  same('the content of two ways to cut a message', framed.content.toString('latin1'), whole.content.toString('latin1'))
  same('what follows a message', framed.rest?.toString('latin1'), whole.rest?.toString('latin1'))
  const kinds = [whole.rest === null ? 'open' : 'ended', String(Math.min(9, Math.floor(whole.content.length / 20)))]
  for (const bareNewline of ['reject', 'normalize'] as const) {
    const one = await receive([whole.content], bareNewline)
    const two = await receive(cut(whole.content, random, 8), bareNewline)
    same('a message in two ways', one, two)
    kinds.push(
      one.kind === 'ok' ? `ok ${one.separator} ${linesIn(one.header)} ${linesIn(one.body)}` : JSON.stringify(one),
    )
    if (one.kind !== 'ok') continue
    const stored = Buffer.from(one.header + one.body, 'latin1')
    if (/(?<!\r)\n|\r(?!\n)/.test(stored.toString('latin1'))) throw new Error('a bare CR or LF was stored')
    same('a message and the same received again', await receive([stored], 'reject'), { ...one, separator: false })
  }
  return kinds.join(' ')
}

function linesIn(text: string): number {
  return Math.min(5, text.split('\r\n').length)
}

function frame(segments: readonly Buffer[]): Framed {
  const framing = createDataFraming()
  const content: Buffer[] = []
  for (const [index, segment] of segments.entries()) {
    const framed = framing.push(segment)
    content.push(Buffer.from(framed.content))
    if (framed.rest === null) continue
    const rest = Buffer.concat([framed.rest, ...segments.slice(index + 1)])
    return { content: Buffer.concat(content), rest }
  }
  return { content: Buffer.concat(content), rest: null }
}

type Result =
  | { readonly kind: 'ok'; readonly header: string; readonly body: string; readonly separator: boolean }
  | { readonly kind: Exclude<Received['kind'], 'ok'>; readonly reply?: string }

async function receive(segments: readonly Buffer[], bareNewline: 'reject' | 'normalize'): Promise<Result> {
  const stream = new PassThrough()
  const body: Buffer[] = []
  const received: Promise<Received> = receiveMessage(
    stream,
    { write: (chunk) => void body.push(Buffer.from(chunk)) },
    { bareNewline, maxSize: MOST * 2 },
  )
  for (const segment of segments) stream.write(segment)
  stream.end()
  const result = await received
  if (result.kind === 'ok') {
    const header = result.header.toString('latin1')
    return { kind: 'ok', header, body: Buffer.concat(body).toString('latin1'), separator: result.separatorAdded }
  }
  return { kind: result.kind, ...(result.kind === 'refused' && { reply: result.reply.text }) }
}
