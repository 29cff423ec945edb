// The origin class of a message. Signing, SRS, limits and bounces depend on it and never on header fields.

/** What a fleet node vouches for about a message that it relays. */
export type Vouched =
  /** A user or a machine authenticated at that node (RFC 8601 auth=pass), or the node created the message. */
  | 'authenticated'
  /** It came from the internet and passed DMARC at that node. */
  | 'dmarc-pass'
  /** It came from the internet and passed SPF or an unaligned check only: the reverse-path is proven, the author is not. */
  | 'sender-pass'
  | 'nothing'

/** How an accepted message arrived. `identity` is the name of the authenticated user or machine, `app` the label of the app password. */
export type Origin =
  | { readonly kind: 'internet' }
  | { readonly kind: 'peer'; readonly role: string; readonly vouched: Vouched }
  | { readonly kind: 'user'; readonly identity: string; readonly app?: string }
  | { readonly kind: 'machine'; readonly identity: string }
  | { readonly kind: 'local' }

/** An authenticated user or machine. A user and a machine can have the same name. */
export type Authenticated = Extract<Origin, { readonly identity: string }>

export function isAuthenticated(origin: Origin | null): origin is Authenticated {
  return origin?.kind === 'user' || origin?.kind === 'machine'
}

const needsQuotes = /[\s"<>()[\],;:]/

/** A user name in the form in which the log recognizes it inside a text and can hide it (privacy/treatment.ts). */
export function userText(name: string): string {
  return `user:${needsQuotes.test(name) ? JSON.stringify(name) : name}`
}

/** True if the author's domain in From: is proven, so that the node may sign with that domain. */
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
