// The contract of challenges: how the node shows that it controls a name (RFC 8555 8).

export interface Challenger {
  readonly type: 'http-01' | 'dns-01'
  /**
   * Makes the answer visible to the authority. Rejects with AcmeError.
   * @param authorization the key authorization of the token
   */
  show(name: string, token: string, authorization: string): Promise<void>
  /** Takes all answers back. Never rejects. */
  hide(): Promise<void>
}
