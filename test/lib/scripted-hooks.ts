// Server hooks for tests: they accept and record everything, and a test can replace each of them.

import type { Readable } from 'node:stream'
import type { AdmissionAnswer, ServerHooks, Transaction } from '../../src/server/server-hooks.ts'
import type { Session } from '../../src/smtp/session.ts'
import { accept } from '../../src/policy/verdict.ts'

/** These hooks resolve no recipient. */
export type TestHooks = ServerHooks<null>

export interface ReceivedMessage {
  readonly transaction: Transaction<null>
  readonly content: Buffer
  /** The session at the moment of the message. */
  readonly session: Session
}

export interface ScriptedHooks {
  readonly hooks: TestHooks
  /** Messages that the hook read to their end and accepted. */
  readonly messages: ReceivedMessage[]
  /** The errors of interrupted streams. */
  readonly broken: unknown[]
  /** Names of the hooks called, in order. */
  readonly calls: string[]
}

/** The answer of `connect` and `secured` that lets the session continue. */
export function admitted(answer: Partial<Pick<Session, 'origin' | 'remoteName'>> = {}): AdmissionAnswer {
  return { kind: 'accept', origin: answer.origin ?? null, remoteName: answer.remoteName ?? null }
}

/** @param replace hooks to use instead of the accepting ones */
export function scriptedHooks(replace: Partial<TestHooks> = {}): ScriptedHooks {
  const messages: ReceivedMessage[] = []
  const broken: unknown[] = []
  const calls: string[] = []
  const standard: TestHooks = {
    connect: async ({ origin }) => admitted({ origin }),
    secured: async ({ origin, remoteName }) => admitted({ origin, remoteName }),
    helo: async () => accept,
    authenticate: async (_session, credentials) =>
      credentials.kind === 'password' && credentials.password === 'secret'
        ? { kind: 'accepted', origin: { kind: 'user', identity: credentials.user } }
        : { kind: 'refused', reply: { code: 535, enhanced: '5.7.8', text: 'No', cause: 'wrong password' } },
    mail: async () => accept,
    rcpt: async () => ({ kind: 'accept', resolution: null }),
    data: async (session, transaction, stream) => {
      const content = await readAll(stream).catch((error: unknown) => {
        broken.push(error)
        throw error
      })
      messages.push({ transaction, content, session: { ...session } })
      return { code: 250, enhanced: '2.0.0', text: `Queued as ${messages.length}` }
    },
    ended: () => {},
    isOffered: () => true,
    loginEnded: () => null,
    failed: () => false,
    refused: () => {},
  }
  const chosen: TestHooks = { ...standard, ...replace }
  return { hooks: recorded(chosen, calls), messages, broken, calls }
}

/** Reads a stream to its end; rejects with its error. */
export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function recorded(hooks: TestHooks, calls: string[]): TestHooks {
  const note = (name: string) => void calls.push(name)
  return {
    connect: (session) => (note('connect'), hooks.connect(session)),
    secured: (session) => (note('secured'), hooks.secured(session)),
    helo: (session) => (note(`helo ${session.helo}`), hooks.helo(session)),
    authenticate: (session, credentials) => (
      note(`auth ${credentials.kind}`), hooks.authenticate(session, credentials)
    ),
    mail: (session, reversePath, parameters) => (
      note(`mail ${reversePath ?? '<>'}`), hooks.mail(session, reversePath, parameters)
    ),
    rcpt: (session, transaction, recipient) => (
      note(`rcpt ${recipient.forwardPath}`), hooks.rcpt(session, transaction, recipient)
    ),
    data: (session, transaction, message) => (note('data'), hooks.data(session, transaction, message)),
    ended: (session, transaction, octets) => hooks.ended(session, transaction, octets),
    isOffered: (mechanism) => hooks.isOffered(mechanism),
    loginEnded: (session) => hooks.loginEnded(session),
    failed: (session) => hooks.failed(session),
    refused: (session, refused) => (
      note(`refused ${refused.stage} ${refused.recipient ?? refused.sender ?? '<>'} ${refused.reply.code}`),
      hooks.refused(session, refused)
    ),
  }
}
