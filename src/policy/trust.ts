// What the operator's allow list says about a message, as a fact for other checks. A name that anyone can write proves nothing: `allowed`
// means that the client is proven to be what the entry is about (decision 0038).

export type Trust =
  /** No DNS list, greylisting or spam score refuses or defers the message. */
  | { readonly kind: 'allowed'; readonly entry: string }
  /** The sender or author is on the list, and SPF, DKIM and DMARC have yet to show whether it is forged. */
  | { readonly kind: 'pending'; readonly entry: string }
  /** A look-up failed, so the entry may be about this client: what would refuse the message for good defers it. */
  | { readonly kind: 'undecided'; readonly entry: string; readonly cause: string }
  /** An entry matches, but nothing proves what it is about. */
  | { readonly kind: 'unproven'; readonly entry: string; readonly cause: string }

/** True if no score and no list may refuse the message. */
export function isAllowed(trust: Trust | undefined): boolean {
  return trust?.kind === 'allowed'
}
