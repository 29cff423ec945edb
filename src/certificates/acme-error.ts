// Why an order failed. Every step can fail, so the steps throw, and only the keeper catches.

export class AcmeError extends Error {
  override readonly name = 'AcmeError'
  /** Ms before the next try, if the authority named a time; else null. */
  readonly retryMs: number | null
  /** The type of a problem document without its prefix (RFC 8555 6.7), such as `rateLimited`; null for other failures. */
  readonly type: string | null

  constructor(
    message: string,
    { retryMs = null, type = null }: { retryMs?: number | null; type?: string | null } = {},
  ) {
    super(message)
    this.retryMs = retryMs
    this.type = type
  }
}
