// What a listener's server asks, answered by policy, auth and intake. This is the only place where the four meet.

import type { Readable } from 'node:stream'
import { receiveMessage } from '../message/receive.ts'
import { BodySink } from '../intake/body-sink.ts'
import type { DraftRecipient, Intake } from '../intake/intake.ts'
import { admitCertificate, admitConnection, admitTransaction } from '../policy/checks/admission.ts'
import type { AdmissionSettings } from '../policy/checks/admission.ts'
import { checkRecipient } from '../policy/checks/recipient.ts'
import type { RecipientSettings } from '../policy/checks/recipient.ts'
import { checkSender } from '../policy/checks/sender.ts'
import type { SrsGuesses } from '../policy/checks/srs-hash-throttle.ts'
import type { MaySendAs } from '../policy/checks/sender.ts'
import { accept, refuse } from '../policy/verdict.ts'
import type { Queue } from '../queue/contract/queue.ts'
import type { Resolution } from '../route/resolution.ts'
import { clientNetwork } from '../lib/ip-address.ts'
import type { Clock } from '../lib/clock.ts'
import type { ServerHooks, Transaction } from '../server/server-hooks.ts'
import { MessageInterrupted } from '../server/interruption.ts'
import { messageSizeOf } from '../server/message-size.ts'
import { interrupted } from '../server/server-replies.ts'
import { refusal, unforeseen } from '../smtp/reply.ts'
import type { Refusal, Reply } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'
import type { Authentication } from './login.ts'
import type { ClientNames } from './client-names.ts'
import type { RejectionLedger } from './rejection-ledger.ts'
import type { StorageGate } from './storage-gate.ts'

export interface HookParts {
  readonly admission: AdmissionSettings
  readonly clientNames: ClientNames
  /** Null where nobody logs in. */
  readonly authentication: Authentication | null
  readonly recipient: RecipientSettings
  readonly guesses: SrsGuesses
  /** Null where the role does not ask who may send as what. */
  readonly maySendAs: MaySendAs | null
  readonly intake: Intake
  readonly queue: Queue
  readonly storage: StorageGate
  readonly rejections: RejectionLedger
  readonly clock: Clock
  readonly bareNewline: 'reject' | 'normalize'
  readonly messageSize: number
  readonly bug: (error: unknown, context: string) => void
}

/** Binds the rooms behind one listener together. */
export function createHooks(parts: HookParts): ServerHooks {
  const { admission, rejections } = parts
  return {
    connect: async (session) => {
      const admitted = rejections.seen(session, 'connect', admitConnection(admission, session))
      if (admitted.kind !== 'accept' || admitted.origin?.kind !== 'internet') return admitted
      return { ...admitted, remoteName: await parts.clientNames.of(session.remoteIp) }
    },
    secured: async (session) => {
      const admitted = rejections.seen(session, 'connect', await admitCertificate(admission, session))
      if (admitted.origin?.kind === 'peer') parts.clientNames.isPeer(session.remoteIp)
      return admitted
    },
    helo: async () => accept,
    authenticate: async (session, credentials) => {
      if (!parts.authentication)
        return { kind: 'refused', reply: refusal(503, '5.5.1', 'Authentication is not offered here') }
      const answer = await parts.authentication.check(session, credentials)
      if (answer.kind === 'refused') rejections.seen(session, 'auth', refuse(answer.reply))
      return answer
    },
    mail: async (session, reversePath) =>
      rejections.seen(session, 'mail', await checkMail(parts, session, reversePath), { sender: reversePath }),
    rcpt: async (session, transaction, recipient) => {
      const { reversePath } = transaction
      const request = {
        forwardPath: recipient.forwardPath,
        reversePath,
        origin: session.origin ?? { kind: 'internet' as const },
        at: parts.clock.now(),
      }
      // Who proved himself may send anywhere and gains nothing by a guess; and behind a peer are many, who must not wait for one.
      const network = request.origin.kind === 'internet' ? clientNetwork(session.remoteIp) : null
      const brake = network === null ? null : parts.guesses.check(network, recipient.forwardPath)
      const verdict = brake ?? (await checkRecipient(parts.recipient, request))
      if (network !== null) parts.guesses.seen(network, verdict)
      return rejections.seen(session, 'rcpt', verdict, { sender: reversePath, recipient: recipient.forwardPath })
    },
    data: async (session, transaction, message) => {
      const reply = await takeMessage(parts, { session, transaction, message })
      if ('cause' in reply) noteRefused(rejections, { session, transaction }, reply)
      return reply
    },
    refused: (session, { stage, reply, ...envelope }) => void rejections.seen(session, stage, refuse(reply), envelope),
    closed: () => undefined,
  }
}

/** Recipients of a refused message that the ledger names; a mail to more is found by those, and by its sender. Of strangers the ledger takes few events. */
const MOST_NAMED = 5

/** Under each recipient: who asks for a mail that never came knows its recipient, and perhaps nothing else. */
function noteRefused(rejections: RejectionLedger, { session, transaction }: Omit<Incoming, 'message'>, reply: Refusal) {
  for (const { forwardPath } of transaction.recipients.slice(0, MOST_NAMED))
    rejections.seen(session, 'data', refuse(reply), { sender: transaction.reversePath, recipient: forwardPath })
}

async function checkMail(parts: HookParts, session: Session, reversePath: string | null) {
  const admitted = admitTransaction(session)
  if (admitted.kind !== 'accept' || !session.origin) return admitted
  const storage = await parts.storage.check()
  if (storage.kind !== 'accept' || !parts.maySendAs) return storage
  return checkSender(parts.maySendAs, session.origin, reversePath)
}

interface Incoming {
  readonly session: Session
  readonly transaction: Transaction
  readonly message: Readable
}

/** Reads a message to its end and hands it to intake. What is refused leaves no file behind. */
async function takeMessage(parts: HookParts, incoming: Incoming): Promise<Reply | Refusal> {
  const sink = new BodySink(parts.queue)
  try {
    const received = await receiveMessage(incoming.message, sink, {
      bareNewline: parts.bareNewline,
      maxSize: parts.messageSize,
      fromPeer: incoming.session.origin?.kind === 'peer',
    })
    if (received.kind !== 'ok') {
      await sink.discard()
      return received.kind === 'refused' ? received.reply : cutShort(parts, incoming)
    }
    return await hand(parts, incoming, { header: received.header, sink })
  } catch (error) {
    await sink.discard().catch((cause: unknown) => parts.bug(cause, 'discard of a body'))
    return parts.storage.explain(error) ?? bug(parts, error)
  }
}

/** The server answers such a message itself; the ledger is to say the same. */
function cutShort({ messageSize }: HookParts, { message, session }: Incoming): Refusal {
  const kind = message.errored instanceof MessageInterrupted ? message.errored.kind : 'disconnected'
  return interrupted(kind, messageSizeOf({ messageSize }, session))
}

async function hand(parts: HookParts, incoming: Incoming, content: { header: Buffer; sink: BodySink }): Promise<Reply> {
  const { session, transaction } = incoming
  const answer = await parts.intake.accept({
    session,
    origin: session.origin ?? { kind: 'internet' },
    sender: transaction.reversePath,
    parameters: transaction.parameters,
    recipients: transaction.recipients.map(
      ({ forwardPath, parameters, resolution }): DraftRecipient => ({
        forwardPath,
        parameters,
        resolution: resolution as Resolution,
      }),
    ),
    header: content.header,
    body: await content.sink.finish(),
  })
  if (answer.kind === 'accepted') {
    // It is ours already: what is left of it here is only tidied, and nothing that fails now may change the answer.
    if (!answer.bodyKept) await content.sink.discard().catch((error: unknown) => parts.bug(error, 'discard of a body'))
    return { code: 250, enhanced: '2.0.0', text: `Ok: queued as ${answer.queueId}` }
  }
  await content.sink.discard()
  return answer.reply
}

function bug(parts: HookParts, error: unknown): Refusal {
  parts.bug(error, 'DATA')
  return unforeseen(error)
}
