// The result of a virus scanner for one message. It is a finding; policy decides. A message that was not scanned is never "clean".

import type { Content } from '../message/content.ts'

export type VirusFinding =
  /** The scanner read the whole message and found nothing. */
  | { readonly kind: 'clean'; readonly server: string }
  /** `name` is one line of printable ASCII. */
  | { readonly kind: 'infected'; readonly name: string; readonly server: string }
  /** The message is larger than what is scanned. */
  | { readonly kind: 'unscanned'; readonly cause: string }
  /** No server scanned the message to its end. */
  | { readonly kind: 'unavailable'; readonly cause: string }
  /** The node scans too many messages now, in all or for this client. */
  | { readonly kind: 'busy'; readonly cause: string }

export interface VirusRequest {
  /** Null for a client without an address, such as a program of this host. */
  readonly remoteIp: string | null
  /** The authenticated user or machine, or null. */
  readonly account: string | null
  readonly content: Content
}

export interface VirusScanner {
  /** Rejects only if the content cannot be read. */
  scan(request: VirusRequest): Promise<VirusFinding>
}
