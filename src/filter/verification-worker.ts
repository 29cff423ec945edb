// The thread that verifies messages, several at once. It asks the node for DNS answers and for large bodies. The work that mailauth does in
// one turn of an event loop is done here, so that no message delays the replies of the node.

import { Readable } from 'node:stream'
import { parentPort } from 'node:worker_threads'
import type { RecordTypes, Resolver } from '../dns/resolver.ts'
import { systemClock } from '../lib/clock.ts'
import type { AnyAnswer, FromThread, ToThread, VerificationJob } from './verification-messages.ts'
import { createAuthenticator } from './verify-message.ts'

/** Octets of a small body that are hashed in one turn, so that messages take turns. */
const PIECE_OCTETS = 16 * 1024

const nothing = new Uint8Array(0)
const questions = new Map<number, (answer: AnyAnswer) => void>()
const streams = new Map<number, Readable>()
const clients = new Map<number, AbortController>()
let lastNumber = 0

parentPort?.on('message', (message: ToThread) => {
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
})

function send(message: FromThread): void {
  parentPort?.postMessage(message)
}

const resolver: Resolver = {
  resolve: async (name, type, { signal, ...ask } = { purpose: 'optional' }) => {
    const question = ++lastNumber
    const { promise, resolve } = Promise.withResolvers<AnyAnswer>()
    questions.set(question, resolve)
    const abandon = () => send({ kind: 'abandon', question })
    signal?.addEventListener('abort', abandon, { once: true })
    send({ kind: 'question', question, name, type, ask })
    const answer = await promise
    signal?.removeEventListener('abort', abandon)
    // The node answers with records of the type that was asked.
    return revived(answer) as never
  },
}

const authenticator = createAuthenticator({ resolver, clock: systemClock })

async function verify(job: number, { header, bodySize, body, ...request }: VerificationJob): Promise<void> {
  let left = body
  const client = new AbortController()
  clients.set(job, client)
  const content = {
    header: asBuffer(header),
    bodySize,
    openBody: () => {
      if (left === null) return remoteBody(job)
      const stream = smallBody(left)
      // A small body is read once, before the keys are looked up. It does not stay in memory while they are waited for.
      left = nothing
      return stream
    },
  }
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

/** Messages between threads turn Buffers into Uint8Arrays, whose toString is another. */
function revived(answer: AnyAnswer): AnyAnswer {
  if (answer.kind !== 'found') return answer
  const records = answer.records.map((record) => (Array.isArray(record) ? texts(record) : record))
  return { ...answer, records }
}

function texts(record: readonly Uint8Array[]): RecordTypes['TXT'] {
  return record.map(asBuffer)
}

function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
}
