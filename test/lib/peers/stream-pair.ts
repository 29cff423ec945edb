// Sends the same octets to Postfix and to a listener of ours that reads messages as a node does, to compare replies and messages.

import { setTimeout as sleep } from 'node:timers/promises'
import { receiveMessage } from '../../../src/message/receive.ts'
import { connectDialogue } from '../smtp-dialogue.ts'
import { type SmtpPeer, startSmtpPeer } from '../smtp-peer.ts'
import { startTestListener, type TestListener } from '../test-listener.ts'
import { until } from '../until.ts'
import { type Postfix, startPostfix } from './postfix.ts'

export interface StreamResult {
  /** The codes of the replies after EHLO. */
  readonly codes: readonly number[]
  /** Messages without Received fields, in any order. */
  readonly messages: readonly string[]
}

export interface StreamPair {
  /** Sends EHLO, then the pieces one after the other. The last one must end the session, by QUIT or because it is refused. */
  run(pieces: readonly Buffer[]): Promise<{ readonly postfix: StreamResult; readonly waypost: StreamResult }>
  stop(): Promise<void>
}

/** Postfix's limits of errors would end sessions of these tests. */
const patient = { smtpd_soft_error_limit: '1000', smtpd_hard_error_limit: '1000' }

export async function startStreamPair(settings: {
  readonly bareNewline: 'reject' | 'normalize'
  readonly messageSize: number
}): Promise<StreamPair> {
  const { bareNewline, messageSize } = settings
  const sink = await startSmtpPeer()
  const postfix = await startPostfix({
    relayhost: `[127.0.0.1]:${sink.port}`,
    main: {
      ...patient,
      smtpd_forbid_bare_newline: bareNewline,
      smtpd_forbid_bare_newline_exclusions: '',
      message_size_limit: `${messageSize}`,
    },
  })
  const taken: string[] = []
  const listener = await startReading(taken, settings)
  return {
    run: async (pieces) => {
      const before = sink.messages.length
      taken.length = 0
      const [theirs, ours] = await Promise.all([talk(postfix.port, pieces), talk(listener.port, pieces)])
      const empty = () => postfix.run('postqueue', '-p').includes('Mail queue is empty')
      await until(empty, { what: 'the queue of Postfix to be empty', timeout: 20_000 })
      return {
        postfix: { codes: theirs, messages: messagesOf(sink, before) },
        waypost: { codes: ours, messages: taken.toSorted() },
      }
    },
    stop: () => stop({ postfix, listener, sink }),
  }
}

async function stop(parts: {
  readonly postfix: Postfix
  readonly listener: TestListener
  readonly sink: SmtpPeer
}): Promise<void> {
  await parts.listener.close()
  await parts.postfix.stop()
  await parts.sink.close()
}

function startReading(
  taken: string[],
  { bareNewline, messageSize }: { readonly bareNewline: 'reject' | 'normalize'; readonly messageSize: number },
): Promise<TestListener> {
  return startTestListener({
    limits: { messageSize, softErrors: 1000, hardErrors: 1000 },
    hooks: {
      data: async (_session, _transaction, message) => {
        const chunks: Buffer[] = []
        const sink = { write: (chunk: Buffer) => void chunks.push(chunk) }
        const received = await receiveMessage(message, sink, { bareNewline, maxSize: messageSize })
        if (received.kind === 'refused') return received.reply
        if (received.kind === 'aborted') return { code: 451, enhanced: '4.3.0', text: received.cause }
        taken.push(Buffer.concat([received.header, ...chunks]).toString('latin1'))
        return { code: 250, enhanced: '2.0.0', text: 'Taken' }
      },
    },
  })
}

async function talk(port: number, pieces: readonly Buffer[]): Promise<number[]> {
  const client = await connectDialogue({ port })
  await client.expect(null, '220')
  await client.expect('EHLO client.example.net', '250')
  const before = client.received.length
  for (const piece of pieces) {
    client.write(piece)
    // Lets the kernel send each piece as a segment.
    await sleep(1)
  }
  await client.closed()
  const lines = client.received.slice(before).split('\r\n')
  return lines.flatMap((line) => (/^\d{3} /.test(line) ? [Number(line.slice(0, 3))] : []))
}

function messagesOf(sink: SmtpPeer, from: number): string[] {
  const received = /^Received: .*\r\n(?:[ \t].*\r\n)*/gm
  return sink.messages
    .slice(from)
    .map(({ data }) => data.toString('latin1').replace(received, ''))
    .toSorted()
}
