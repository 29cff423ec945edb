// The order for the loader of the benchmark `mx` and its result: JSON between the benchmark and its child process.

import type { Delays } from '../delays.ts'

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

/** From the final dot to its 250; with a rate, from the moment when the message was due. */
export interface MxLoadAnswer extends Delays {
  /** From the first connection to the last 250. */
  readonly seconds: number
}
