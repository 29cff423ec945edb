// What this node found of one message, as far as a DMARC aggregate report may say it: no recipients, no addresses of people (RFC 9990 7.2).

export interface VerifiedResult {
  /** `2026-11-29`, UTC. */
  readonly day: string
  /** The domain of the DMARC record. */
  readonly policyDomain: string
  /** Of the tree walk; addresses for reports in this domain need no consent. */
  readonly organization: string
  readonly source: string
  readonly headerFrom: string
  /** The domain that SPF checked. */
  readonly envelopeFrom: string
  readonly disposition: 'none' | 'pass' | 'reject'
  readonly dkim: boolean
  readonly spf: boolean
  /** Why the policy was not applied; null if it was. */
  readonly reason: 'local_policy' | null
  readonly signatures: readonly { readonly domain: string; readonly selector: string; readonly result: string }[]
  readonly spfResult: string
}
