// The order for the loader and its result: JSON between the benchmark and its child process.

export interface LoadOrder {
  readonly port: number
  readonly sessions: number
  readonly messages: number
  /** Octets of payload. */
  readonly length: number
  readonly starttls: boolean
  /** Messages a second, evenly spread; null: as fast as the server answers. */
  readonly rate: number | null
}

export interface LoadAnswer {
  /** From the first connection to the last 250. */
  readonly seconds: number
  /**
   * Milliseconds from the moment a message was due to the 250 behind its data: with a rate, what waits for a free session counts
   * as well, so that a server that stalls cannot hide it.
   */
  readonly p50: number
  readonly p99: number
  readonly max: number
}
