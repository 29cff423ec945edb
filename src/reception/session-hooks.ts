// Implements the server's hooks: runs the checks of each stage, records refusals and hands messages to intake.

import type { Readable } from 'node:stream'
import type { CertificateAuthenticator } from '../auth/authenticator.ts'
import type { Holder, Pool } from '../budget/pool.ts'
import { BodySpool } from '../intake/body-spool.ts'
import { createMessageMemory, noMemory } from '../intake/message-memory.ts'
import { mailOf } from '../intake/intake.ts'
import type { Draft, Intake } from '../intake/intake.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { receiveMessage } from '../message/receive.ts'
import type { Stage, StageFacts } from '../policy/check.ts'
import { storageRefusal } from '../policy/checks/storage.ts'
import type { Checks, StageOutcome } from '../policy/run-checks.ts'
import { accept, refuse } from '../policy/verdict.ts'
import type { Queue } from '../queue/contract/queue.ts'
import type { Resolution } from '../route/resolution.ts'
import { MessageInterrupted } from '../server/interruption.ts'
import { messageSizeOf } from '../server/message-size.ts'
import type { AdmissionAnswer, ServerHooks, Transaction } from '../server/server-hooks.ts'
import { interrupted } from '../server/server-replies.ts'
import type { Origin } from '../smtp/origin.ts'
import { refusal, unforeseen } from '../smtp/reply.ts'
import type { Refusal, Reply } from '../smtp/reply.ts'
import type { Session } from '../smtp/session.ts'
import { createCheckTimes } from './check-times.ts'
import type { CheckTimes } from './check-times.ts'
import type { LoginWatch } from './login-watch.ts'
import type { Login } from './login.ts'
import type { Answered, MessageMeter } from './message-meter.ts'
import { ledgerStages } from './rejection-ledger.ts'
import type { RejectionLedger } from './rejection-ledger.ts'
import { createSessionEvidence } from './session-evidence.ts'
import type { SessionEvidence } from './session-evidence.ts'
import { createTestRefusals } from './test-refusals.ts'
import type { TestRefusals } from './test-refusals.ts'

export interface HookParts {
  readonly checks: Checks
  /** Null where AUTH is not offered. */
  readonly login: Login | null
  readonly watch: LoginWatch
  /** Null where no machine is admitted. */
  readonly machines: CertificateAuthenticator | null
  readonly intake: Intake
  readonly queue: Pick<Queue, 'createSpoolFile' | 'openBody'>
  /** The budget `messageMemory`. */
  readonly memory: Pool
  readonly rejections: RejectionLedger
  readonly messageMeter: MessageMeter
  readonly newQueueId: () => string
  readonly clock: Clock
  readonly log: Pick<Log, 'bug'>
  readonly bareNewline: 'reject' | 'normalize'
  /** Octets. */
  readonly messageSize: number
}

type Hooks = ServerHooks<Resolution>
type Envelope = Parameters<RejectionLedger['note']>[1]['envelope']

/** With what the hooks remember. */
interface Parts extends HookParts {
  readonly evidence: SessionEvidence
  readonly testRefusals: TestRefusals
  readonly times: CheckTimes
}

export function createHooks(given: HookParts): Hooks {
  const { rejections } = given
  const testRefusals = createTestRefusals(given.clock, rejections)
  const parts: Parts = { ...given, evidence: createSessionEvidence(), testRefusals, times: createCheckTimes() }
  return {
    connect: async (session) => {
      const answer = await admit(parts, 'connect', session)
      parts.messageMeter.connected(session, answer.kind === 'accept' ? 'accepted' : answeredBy(answer.reply))
      return answer
    },
    secured: (session) => admit(parts, 'secured', session),
    helo: async (session) => {
      const outcome = await runStage(parts, session, { stage: 'helo', facts: { session, origin: session.origin } })
      return outcome.kind === 'refused' ? refuse(outcome.reply) : accept
    },
    authenticate: async (session, credentials) => {
      const answer = await (parts.login?.check(session, credentials) ?? notOffered)
      if (answer.kind !== 'accepted') rejections.note(session, { stage: 'auth', reply: answer.reply })
      return answer
    },
    isOffered: (mechanism) => parts.login?.isOffered(mechanism) ?? false,
    mail: async (session, sender, parameters) => {
      const facts = { session, origin: session.origin, sender, parameters }
      const outcome = await runStage(parts, session, { stage: 'mail', facts, envelope: { sender } })
      return outcome.kind === 'refused' ? refuse(outcome.reply) : accept
    },
    rcpt: (session, transaction, recipient) => checkRecipient(parts, { session, transaction }, recipient),
    data: async (session, transaction, message) => {
      const answer = await takeTimed(parts, { session, transaction, message })
      if (answer.kind === 'queued') return answer.reply
      noteRefusedMessage(rejections, { session, transaction }, answer)
      return answer.reply
    },
    ended: (session, transaction, octets) => {
      testRefusals.ended(session)
      parts.checks.ended(transaction, { session, octets })
    },
    loginEnded: (session) => parts.watch.ended(session),
    failed: (session) => parts.checks.failed(session),
    refused: (session, { stage, reply, ...envelope }) => rejections.note(session, { stage, reply, envelope }),
  }
}

const notOffered = {
  kind: 'refused',
  reply: refusal(503, '5.5.1', 'Authentication is not offered here'),
} as const

/** Runs a stage and records a refusal. */
async function runStage<S extends Exclude<Stage, 'message'>>(
  { checks, rejections, evidence, testRefusals, times }: Parts,
  session: Session,
  { stage, facts, envelope = {} }: { readonly stage: S; readonly facts: StageFacts[S]; readonly envelope?: Envelope },
): Promise<StageOutcome<S>> {
  const outcome = await checks.run(stage, facts)
  testRefusals.note(session, { stage, found: outcome.tested, envelope })
  if (outcome.kind === 'refused') {
    const { reply, check, ms } = outcome
    rejections.note(session, { stage: ledgerStages[stage], reply, envelope, check, ms })
  } else {
    evidence.note(session, stage, outcome.evidence)
    times.note(session, stage, outcome.times)
  }
  return outcome
}

async function admit(parts: Parts, stage: 'connect' | 'secured', session: Session): Promise<AdmissionAnswer> {
  const outcome = await runStage(parts, session, { stage, facts: { session, origin: session.origin } })
  if (outcome.kind === 'refused') return refuse(outcome.reply)
  watchMachine(parts, session, outcome.origin)
  return { kind: 'accept', origin: outcome.origin, remoteName: outcome.remoteName ?? session.remoteName }
}

/** A machine that is removed, or whose certificate is, loses its sessions. */
function watchMachine({ watch, machines }: Parts, session: Session, origin: Origin | null): void {
  const certificate = session.tls?.certificate
  if (origin?.kind !== 'machine' || !certificate || !machines) return
  watch.watch(session, origin, async () => {
    const now = await machines.identify(certificate, session.remoteIp)
    if (now.kind === 'unavailable' || (now.kind === 'identified' && now.identity === origin.identity)) return null
    return now.kind === 'wrong' ? now.cause : `the certificate is now that of ${now.identity}`
  })
}

/** The admission check refuses MAIL of a session without an origin class; if it does not run, the class with the fewest rights applies. */
function originOf({ origin }: Session): Origin {
  return origin ?? { kind: 'internet' }
}

async function checkRecipient(
  parts: Parts,
  { session, transaction }: Omit<Incoming, 'message'>,
  { forwardPath, parameters }: Parameters<Hooks['rcpt']>[2],
): ReturnType<Hooks['rcpt']> {
  const { reversePath: sender } = transaction
  const origin = originOf(session)
  const evidence = parts.evidence.of(session)
  const at = parts.clock.now()
  const resolution = null
  const { requireTls } = transaction.parameters
  const facts = { session, transaction, origin, sender, forwardPath, parameters, requireTls, evidence, resolution, at }
  const envelope = { sender, recipient: forwardPath }
  const outcome = await runStage(parts, session, { stage: 'rcpt', facts, envelope })
  if (outcome.kind === 'refused') return refuse(outcome.reply)
  if (outcome.resolution) return { kind: 'accept', resolution: outcome.resolution }
  // Without the recipient check nothing decides where mail may go.
  return refuse(bug(parts, new Error('no check resolved the recipient'), 'RCPT'))
}

/** Recipients of a refused message that the ledger names. A message to more is found by these, or by its sender. */
const MAX_NAMED = 5

/** One event for each recipient: a search for a missing message starts from the recipient. */
function noteRefusedMessage(
  rejections: RejectionLedger,
  { session, transaction }: Omit<Incoming, 'message'>,
  { reply, check, ms }: RefusedMessage,
): void {
  for (const { forwardPath: recipient } of transaction.recipients.slice(0, MAX_NAMED)) {
    const envelope = { sender: transaction.reversePath, recipient }
    rejections.note(session, { stage: 'data', reply, envelope, check, ms })
  }
}

interface RefusedMessage {
  readonly kind: 'refused'
  readonly reply: Refusal
  /** The check that refused, and what it took in milliseconds; absent if no check did. */
  readonly check?: string
  readonly ms?: number
}

interface Incoming {
  readonly session: Session
  readonly transaction: Transaction<Resolution>
  readonly message: Readable
}

type TakenMessage = RefusedMessage | { readonly kind: 'queued'; readonly reply: Reply }

/** Takes a message, and times its reply if it arrived in full. */
async function takeTimed(parts: Parts, incoming: Incoming): Promise<TakenMessage> {
  const end = { at: null as number | null }
  const answer = await takeMessage(parts, incoming, end)
  if (end.at !== null)
    parts.messageMeter.answered(incoming.session, answeredBy(answer.reply), parts.clock.monotonic() - end.at)
  return answer
}

function answeredBy({ code }: Reply): Answered {
  if (code < 400) return 'accepted'
  return code < 500 ? 'deferred' : 'rejected'
}

/**
 * Reads a message to its end and hands it to intake. A refused message leaves no spool file.
 * @param end gets the monotonic time of the end of the data
 */
async function takeMessage(parts: Parts, incoming: Incoming, end: { at: number | null }): Promise<TakenMessage> {
  const holder = holderOf(incoming.session)
  const memory = createMessageMemory(parts.memory, holder)
  const spool = new BodySpool(parts.queue, { holder, memory })
  const discard = () => spool.discard().catch((error: unknown) => parts.log.bug(error, 'discard of a body'))
  try {
    const received = await receiveMessage(incoming.message, spool, {
      bareNewline: parts.bareNewline,
      maxSize: parts.messageSize,
      fromPeer: incoming.session.origin?.kind === 'peer',
      keeping: (octets) => {
        if (!memory.take(octets)) throw noMemory()
      },
    })
    if (received.kind !== 'ok') {
      await discard()
      return {
        kind: 'refused',
        reply: received.kind === 'refused' ? received.reply : replyToInterruption(parts, incoming),
      }
    }
    end.at = parts.clock.monotonic()
    const answer = await submit(parts, incoming.session, draftOf(incoming, received.header, await spool.finish()))
    if (answer.kind === 'refused') {
      await discard()
      return answer
    }
    // The message is stored. Removing a body that no copy needs can fail without consequence for the reply.
    if (!answer.bodyKept) await discard()
    return { kind: 'queued', reply: { code: 250, enhanced: '2.0.0', text: `Ok: queued as ${answer.queueId}` } }
  } catch (error) {
    await discard()
    return { kind: 'refused', reply: storageRefusal(error) ?? bug(parts, error, 'DATA') }
  } finally {
    memory.release()
  }
}

/** In whose share the octets of a body are. */
function holderOf({ origin, remoteIp: ip }: Session): Holder {
  switch (origin?.kind) {
    case 'peer':
    case 'local':
      // A peer relays the mail of many clients: it has no client's share.
      return { purpose: 'fleet' }
    case 'user':
    case 'machine':
      return { purpose: 'people', ip, account: `${origin.kind} ${origin.identity}` }
    default:
      return { purpose: 'internet', ip }
  }
}

/** The server sends the reply for an interrupted message; this is the same one, for the ledger. */
function replyToInterruption({ messageSize }: HookParts, { message, session }: Incoming): Refusal {
  const kind = message.errored instanceof MessageInterrupted ? message.errored.kind : 'disconnected'
  return interrupted(kind, messageSizeOf({ messageSize }, session))
}

function draftOf({ session, transaction }: Incoming, header: Buffer, body: Draft['body']): Draft {
  const { reversePath: sender, parameters, recipients } = transaction
  return { session, origin: originOf(session), sender, parameters, recipients, header, body }
}

async function submit(parts: Parts, session: Session, draft: Draft) {
  const { checks, intake, queue, newQueueId, clock, testRefusals, times } = parts
  const evidence = parts.evidence.of(session)
  const mail = mailOf(draft, { queue, queueId: newQueueId(), evidence, at: clock.now() })
  const findings = await checks.run('message', mail)
  const envelope = { sender: mail.sender, recipient: mail.recipients[0] }
  testRefusals.note(session, { stage: 'message', found: findings.tested, envelope })
  if (findings.kind === 'refused') return findings
  times.note(session, 'message', findings.times)
  const { queueId, at } = mail
  const timed = times.of(session, { queueId, at })
  const events = [...testRefusals.of(session, queueId), ...findings.events, ...(timed ? [timed] : [])]
  const answer = await intake.accept({ draft, mail, findings: { ...findings, events } })
  if (answer.kind === 'accepted') {
    testRefusals.queued(session)
    times.queued(session)
  }
  return answer
}

function bug({ log }: HookParts, error: unknown, context: string): Refusal {
  log.bug(error, context)
  return unforeseen(error)
}
