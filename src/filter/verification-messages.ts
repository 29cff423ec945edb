// What the node and a verification thread send each other, in batches (lib/message-batch.ts). A job is one message; its numbers are those
// of the node.

import type { Ask, DnsAnswer, RecordType, RecordTypes } from '../dns/resolver.ts'
import type { Authentication, AuthenticationRequest } from './authentication.ts'

export interface VerificationJob extends Omit<AuthenticationRequest, 'content' | 'closed'> {
  /** The header section, and behind it a small body. The buffer moves to the thread. */
  readonly octets: Uint8Array
  readonly headerSize: number
  readonly bodySize: number
  /** False if the thread asks for the body piece by piece, or the message has no signature over it. */
  readonly hasBody: boolean
}

export type AnyAnswer = DnsAnswer<RecordTypes[RecordType]>

/**
 * An answer between threads. Texts are strings of octets (latin1): a Buffer would take the whole block of memory along that it is a part
 * of.
 */
export type SentAnswer = DnsAnswer<Exclude<RecordTypes[RecordType], RecordTypes['TXT']> | readonly string[]>

export type ToThread =
  | { readonly kind: 'verify'; readonly job: number; readonly request: VerificationJob }
  /** The client of the message has gone. */
  | { readonly kind: 'closed'; readonly job: number }
  | { readonly kind: 'answer'; readonly question: number; readonly answer: SentAnswer }
  | {
      readonly kind: 'piece'
      readonly stream: number
      /** Null at the end of the body. */
      readonly octets: Uint8Array | null
      /** The body cannot be read. */
      readonly failed: boolean
    }

export type FromThread =
  /** Its code is loaded. */
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'question'
      readonly question: number
      readonly name: string
      readonly type: RecordType
      readonly ask: Omit<Ask, 'signal'>
    }
  /** The answer to this question has no reader any more. */
  | { readonly kind: 'abandon'; readonly question: number }
  /** The next piece of the body; a number that is not known yet opens the body. */
  | { readonly kind: 'read'; readonly job: number; readonly stream: number }
  | { readonly kind: 'done'; readonly job: number; readonly authentication: Authentication }

export function answerToSend(answer: AnyAnswer): SentAnswer {
  if (answer.kind !== 'found') return answer
  return { ...answer, records: answer.records.map((record) => (isTexts(record) ? record.map(latin1) : record)) }
}

export function answerAsSent(answer: SentAnswer): AnyAnswer {
  if (answer.kind !== 'found') return answer
  return { ...answer, records: answer.records.map((record) => (isStrings(record) ? record.map(octetsOf) : record)) }
}

function isTexts(record: RecordTypes[RecordType]): record is RecordTypes['TXT'] {
  return Array.isArray(record)
}

function isStrings(record: unknown): record is readonly string[] {
  return Array.isArray(record)
}

function latin1(chunk: Buffer): string {
  return chunk.toString('latin1')
}

function octetsOf(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
