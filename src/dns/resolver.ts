// The DNS as a port (RFC 1035, RFC 4035 authentic bit). A failed look-up is never an absent name.

import type { Purpose } from '../budget/budget.ts'

/** Record data by type; names in lower case without the final dot. */
export interface RecordTypes {
  A: string
  AAAA: string
  MX: { readonly preference: number; readonly exchange: string }
  TXT: readonly Buffer[]
  PTR: string
  CNAME: string
  NS: string
  SRV: { readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }
  TLSA: { readonly usage: number; readonly selector: number; readonly matchingType: number; readonly data: Buffer }
}

export type RecordType = keyof RecordTypes

export type DnsAnswer<T> =
  /** `ttl` in seconds, the lowest of the chain; `name` is the owner after CNAMEs. */
  | {
      readonly kind: 'found'
      readonly records: readonly T[]
      readonly ttl: number
      readonly authentic: boolean
      readonly name: string
    }
  /** `nxdomain` true: no such name; false: the name exists without this type. */
  | { readonly kind: 'absent'; readonly nxdomain: boolean; readonly ttl: number; readonly authentic: boolean }
  | Unavailable

/** SERVFAIL, time-out, malformed answer, no server reachable, no place for the question. */
export interface Unavailable {
  readonly kind: 'unavailable'
  readonly cause: string
  /**
   * True if the cause may be on our side: no place, no answer from our resolver in time, the asker gave up. Absent if our resolver answered
   * that the name cannot be resolved, so that the owner of the name is the cause.
   */
  readonly ours?: boolean
  /**
   * DNSSEC is the cause: there is an answer, and its signatures are missing, wrong or expired (RFC 4033 section 5, "bogus"). An attack and a
   * mistake of the owner look the same.
   */
  readonly isBogus?: true
}

/** What DNSSEC says about an answer (RFC 4033 section 5), or that there is none. */
export type DnssecState = 'secure' | 'insecure' | 'bogus' | 'unavailable'

export function dnssecStateOf(answer: DnsAnswer<unknown>): DnssecState {
  if (answer.kind === 'unavailable') return answer.isBogus ? 'bogus' : 'unavailable'
  return answer.authentic ? 'secure' : 'insecure'
}

/** A failed look-up in words for people. @param what such as `MX look-up of example.org` */
export function lookupFailure(what: string, { cause, isBogus }: Pick<Unavailable, 'cause' | 'isBogus'>): string {
  return isBogus ? `${what} is bogus: ${cause}` : `${what} failed: ${cause}`
}

/** For whom a question is. It decides which part of the places the question can have. */
export interface Ask {
  readonly purpose: Purpose
  /** The address of the client that causes the question. */
  readonly client?: string
  /** Ends the question: its place is free at once, and the answer is unavailable. */
  readonly signal?: AbortSignal
}

export interface Resolver {
  /** `ask` is `optional` without a client if it is absent; `askAs` binds another one to a resolver. */
  resolve<T extends RecordType>(name: string, type: T, ask?: Ask): Promise<DnsAnswer<RecordTypes[T]>>
}
