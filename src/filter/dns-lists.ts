// Lists of addresses and domains in the DNS (RFC 5782) as a port: what a list is, and what it says about a client, a name or a domain.

import type { AnswerPattern } from '../lib/answer-pattern.ts'

/** What a list contains. A list of both families is asked about each with its own kind of name. */
export type ListKind = 'ip4' | 'ip6' | 'domain'

export interface AnswerMeaning {
  readonly answer: AnswerPattern
  /** Negative: the list vouches for what it contains. */
  readonly points: number
  readonly meaning: string
}

export interface ErrorMeaning {
  readonly answer: AnswerPattern
  readonly meaning: string
}

export interface DnsList {
  readonly name: string
  /** The name below which questions are asked, with the key of the operator if there is one. */
  readonly zone: string
  /** The key inside the zone: it is never shown. Null without one. */
  readonly key: string | null
  readonly kinds: readonly ListKind[]
  /** `registered`: the list contains only registered domains, so it is asked about the one above a host. */
  readonly domains: 'whole' | 'registered'
  readonly answers: readonly AnswerMeaning[]
  readonly errors: readonly ErrorMeaning[]
  /** A page about an entry, with `{subject}` for the address or domain; null if the list has none. */
  readonly url: string | null
  /** The domain that the list always contains; RFC 5782 section 5 says `test`. */
  readonly testDomain: string
}

export type Subject =
  | { readonly kind: 'address'; readonly value: string }
  /** `of` says where the domain was found: in HELO, in MAIL FROM, or in a From: field. */
  | { readonly kind: 'domain'; readonly of: 'helo' | 'sender' | 'author'; readonly value: string }

export type ListAnswer =
  | {
      readonly kind: 'listed'
      readonly points: number
      readonly meaning: string
      /** The page about this entry, or null. */
      readonly url: string | null
    }
  | { readonly kind: 'not-listed' }
  /** An answer without a meaning, which is no hit. */
  | { readonly kind: 'unknown'; readonly addresses: readonly string[] }
  /** The list cannot be asked, did not answer in time, or answered with an error. */
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface ListFinding {
  readonly list: string
  readonly subject: Subject
  readonly answer: ListAnswer
}

export interface DnsLists {
  /**
   * Asks every list of the subject's kind at once. It ends by the deadline of the lists, and with `unavailable` when the signal aborts.
   * It never rejects.
   * @param client the address that causes the questions
   */
  ask(subject: Subject, client: { readonly ip: string; readonly signal?: AbortSignal }): Promise<readonly ListFinding[]>
}
