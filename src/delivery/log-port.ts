// What delivery tells the operator beyond the ledger. The node gives the real log; tests collect.

export interface DeliveryLog {
  /** An unforeseen error: a mistake in the program, never the peer's. */
  bug(error: unknown, context: string): void
  /** The queue cannot record results at the moment; said once per trouble. */
  queueTrouble(cause: string): void
  /** It works again. */
  queueRecovered(): void
}
