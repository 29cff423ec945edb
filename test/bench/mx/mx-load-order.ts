// The order for the loader of the benchmark `mx` and its result: JSON between the benchmark and its child process.

export interface MxLoadOrder {
  readonly port: number
  /** A file with the senders (mx-mail.ts) as JSON. */
  readonly mail: string
  /** Connections that are open at the same time. */
  readonly sessions: number
  readonly messages: number
  /** Messages a second, evenly spread; null: as fast as the server answers. */
  readonly rate: number | null
}

export interface MxLoadAnswer {
  /** From the first connection to the last 250. */
  readonly seconds: number
  /** Milliseconds from the final dot to its 250; with a rate, from the moment when the message was due. */
  readonly p50: number
  readonly p99: number
  readonly max: number
}
