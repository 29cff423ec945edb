// The thread that verifies messages, several at once. It asks the node for DNS answers and for large bodies. The work that mailauth does in
// one turn of an event loop is done here, so that no message delays the replies of the node.

import { Readable } from 'node:stream'
import { parentPort } from 'node:worker_threads'
import type { Resolver } from '../dns/resolver.ts'
import { systemClock } from '../lib/clock.ts'
import { createMessageBatch } from '../lib/message-batch.ts'
import {
  answerAsSent,
  type FromThread,
  type SentAnswer,
  type ToThread,
  type VerificationJob,
} from './verification-messages.ts'
import { createAuthenticator } from './verify-message.ts'

/** Octets of a small body that are hashed in one turn, so that messages take turns. */
const PIECE_OCTETS = 16 * 1024

const questions = new Map<number, (answer: SentAnswer) => void>()
const streams = new Map<number, Readable>()
const clients = new Map<number, AbortController>()
let lastNumber = 0

const send = createMessageBatch<FromThread>((messages) => parentPort?.postMessage(messages))

parentPort?.on('message', (messages: readonly ToThread[]) => messages.forEach(receive))

function receive(message: ToThread): void {
  switch (message.kind) {
    case 'verify':
      return void verify(message.job, message.request)
    case 'closed':
      return clients.get(message.job)?.abort()
    case 'answer':
      questions.get(message.question)?.(message.answer)
      return void questions.delete(message.question)
    case 'piece':
      return takePiece(message)
  }
}

const resolver: Resolver = {
  resolve: async (name, type, { signal, ...ask } = { purpose: 'optional' }) => {
    const question = ++lastNumber
    const { promise, resolve } = Promise.withResolvers<SentAnswer>()
    questions.set(question, resolve)
    const abandon = () => send({ kind: 'abandon', question })
    signal?.addEventListener('abort', abandon, { once: true })
    send({ kind: 'question', question, name, type, ask })
    const answer = await promise
    signal?.removeEventListener('abort', abandon)
    // The node answers with records of the type that was asked.
    return answerAsSent(answer) as never
  },
}

const authenticator = createAuthenticator({ resolver, clock: systemClock })
send({ kind: 'ready' })

async function verify(
  job: number,
  { octets, headerSize, bodySize, hasBody, ...request }: VerificationJob,
): Promise<void> {
  const client = new AbortController()
  clients.set(job, client)
  const { buffer, byteOffset, byteLength } = octets
  const header = Buffer.from(buffer, byteOffset, headerSize)
  const body = hasBody ? Buffer.from(buffer, byteOffset + headerSize, byteLength - headerSize) : null
  const openBody = () => (body === null ? remoteBody(job) : smallBody(body))
  // One that is hashed in one turn; others take turns.
  const atOnce = body !== null && body.length <= PIECE_OCTETS && { octets: body }
  const content = { header, bodySize, openBody, ...atOnce }
  const authentication = await authenticator.authenticate({ ...request, content, closed: client.signal })
  clients.delete(job)
  send({ kind: 'done', job, authentication })
}

function smallBody(octets: Uint8Array): Readable {
  let at = 0
  return new Readable({
    read() {
      setImmediate(() => {
        const piece = octets.subarray(at, at + PIECE_OCTETS)
        at += piece.length
        this.push(piece.length === 0 ? null : piece)
      })
    },
  })
}

function remoteBody(job: number): Readable {
  const stream = ++lastNumber
  const body = new Readable({
    read: () => send({ kind: 'read', job, stream }),
    destroy: (error, done) => {
      streams.delete(stream)
      done(error)
    },
  })
  streams.set(stream, body)
  return body
}

function takePiece({ stream, octets, failed }: ToThread & { kind: 'piece' }): void {
  const body = streams.get(stream)
  if (failed) body?.destroy(new Error('the body cannot be read'))
  else body?.push(octets)
}
