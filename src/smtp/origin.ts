// Origin class: how a message came to us. Signing, SRS, limits and bounce policy look at this, never at headers.

/** What a neighbouring node of ours states about a message it hands over. */
export type Vouched =
  /** A person or machine authenticated there (RFC 8601 auth=pass) or the node wrote it itself. */
  | 'authenticated'
  /** It came from the internet and passed DMARC there. */
  | 'dmarc-pass'
  /** It came from the internet and passed SPF or an unaligned check only: the reverse-path is real, the author unproven. */
  | 'sender-pass'
  | 'nothing'

/** How an accepted message came. `identity` is the user name or machine name that authenticated. */
export type Origin =
  | { readonly kind: 'internet' }
  | { readonly kind: 'peer'; readonly role: string; readonly vouched: Vouched }
  | { readonly kind: 'user'; readonly identity: string }
  | { readonly kind: 'machine'; readonly identity: string }
  | { readonly kind: 'local' }

/** Somebody who proved who he is: a person or a machine. The same name may belong to one of each. */
export type Authenticated = Extract<Origin, { readonly identity: string }>

export function isAuthenticated(origin: Origin | null): origin is Authenticated {
  return origin?.kind === 'user' || origin?.kind === 'machine'
}

const needsQuotes = /[\s"<>()[\],;:]/

/** A user name within a text, written so that the log can tell it from other words and hide it (observe/privacy.ts). */
export function userText(name: string): string {
  return `user:${needsQuotes.test(name) ? JSON.stringify(name) : name}`
}

/** True if the author's domain in From: is proven, so that a signature with that domain is honest. */
export function authorProven(origin: Origin): boolean {
  switch (origin.kind) {
    case 'user':
    case 'machine':
    case 'local':
      return true
    case 'peer':
      return origin.vouched === 'authenticated' || origin.vouched === 'dmarc-pass'
    case 'internet':
      return false
  }
}
