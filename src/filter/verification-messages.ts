// What the node and a verification thread send each other. A job is one message; its numbers are those of the node.

import type { Ask, DnsAnswer, RecordType, RecordTypes } from '../dns/resolver.ts'
import type { Authentication, AuthenticationRequest } from './authentication.ts'

export interface VerificationJob extends Omit<AuthenticationRequest, 'content' | 'closed'> {
  readonly header: Uint8Array
  readonly bodySize: number
  /** A small body; null if the thread asks for it piece by piece. */
  readonly body: Uint8Array | null
}

export type AnyAnswer = DnsAnswer<RecordTypes[RecordType]>

export type ToThread =
  | { readonly kind: 'verify'; readonly job: number; readonly request: VerificationJob }
  /** The client of the message has gone. */
  | { readonly kind: 'closed'; readonly job: number }
  | { readonly kind: 'answer'; readonly question: number; readonly answer: AnyAnswer }
  | {
      readonly kind: 'piece'
      readonly stream: number
      /** Null at the end of the body. */
      readonly octets: Uint8Array | null
      /** The body cannot be read. */
      readonly failed: boolean
    }

export type FromThread =
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
