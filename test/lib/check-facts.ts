// Tests of checks: facts of each stage, and one check run alone.

import { Readable } from 'node:stream'
import { readFields } from '../../src/message/header.ts'
import type {
  Check,
  Finding,
  Mail,
  RecipientFacts,
  SenderFacts,
  SessionFacts,
  Stage,
  StageFacts,
  StageHandlers,
} from '../../src/policy/check.ts'
import { plainMail, plainRecipient } from '../../src/smtp/envelope.ts'
import { noTestedChecks } from '../../src/policy/test-mode.ts'
import type { Session } from '../../src/smtp/session.ts'

/** Ports of the runner: no check is in test mode, and nothing is counted. */
export const allActive = { tested: { value: noTestedChecks }, meter: null } as const

/** A session from 198.51.100.7 without TLS and without an origin class. */
export function sampleSession(change: Partial<Session> = {}): Session {
  return {
    id: 's1',
    listener: 'smtp',
    remoteIp: '198.51.100.7',
    remoteName: null,
    helo: null,
    esmtp: true,
    tls: null,
    origin: null,
    ...change,
  }
}

/** `origin` is that of the session unless the test gives one. */
export function sessionFacts(session: Session = sampleSession(), origin = session.origin): SessionFacts {
  return { session, origin }
}

export function senderFacts(change: Partial<SenderFacts> = {}): SenderFacts {
  return {
    session: sampleSession(),
    origin: { kind: 'internet' },
    sender: 'ann@stranger.example',
    parameters: plainMail,
    ...change,
  }
}

export function recipientFacts(change: Partial<RecipientFacts> = {}): RecipientFacts {
  return {
    session: sampleSession(),
    transaction: { recipients: [] },
    origin: { kind: 'internet' },
    sender: 'ann@stranger.example',
    forwardPath: 'kim@example.org',
    parameters: plainRecipient,
    evidence: [],
    resolution: null,
    at: 1000,
    ...change,
  }
}

/** @param header the header section, lines separated by `\n` */
export function mailFacts(header: string, change: Partial<Mail> = {}): Mail {
  const bytes = Buffer.from(`${header.replaceAll('\n', '\r\n')}\r\n\r\n`)
  return {
    queueId: 'Q1',
    session: null,
    origin: { kind: 'internet' },
    sender: 'ann@stranger.example',
    recipients: ['press@example.org'],
    resolutions: [],
    content: { header: bytes, bodySize: 0, openBody: () => Readable.from([]) },
    fields: readFields(bytes),
    evidence: [],
    at: 1000,
    ...change,
  }
}

/** The finding of a check at a stage; throws if the check does not implement it. */
export async function runCheck<S extends Stage>(check: Check, stage: S, facts: StageFacts[S]): Promise<Finding> {
  const handlers: StageHandlers = check
  const handler = handlers[stage]
  if (!handler) throw new Error(`check ${check.name} does not implement ${stage}`)
  return handler(facts)
}
