// The order for the loader of the benchmark `submission` and its answer: JSON between the benchmark and its child process.

import type { Delays } from '../delays.ts'
import type { BenchUser } from './submission-world.ts'

export interface SubmissionOrder {
  readonly port: number
  readonly users: readonly BenchUser[]
  /** Connections that are open at the same time. */
  readonly sessions: number
  readonly messages: number
  /** Messages of a connection; null: each connection stays until the end. */
  readonly perSession: number | null
}

export interface SubmissionAnswer {
  /** From the first connection to the last 250. */
  readonly seconds: number
  /** From the final dot to its 250. */
  readonly reply: Delays
  /** From AUTH to its 235. */
  readonly login: Delays
}
