// The second client of an attack: a separate process, so that the attack does not use up its time.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface GoodMail {
  readonly from: string
  readonly to: string
  /** The address from which it comes; a loopback address that no stranger has. */
  readonly localAddress: string
  /** Logs in after STARTTLS. */
  readonly login?: { readonly user: string; readonly password: string }
  /** Header and body; `From` and a Message-ID with `good-` are put in front. */
  readonly text?: string
}

export interface SecondClientSettings extends GoodMail {
  readonly host: string
  readonly port: number
}

export interface SecondClientReport {
  /** Replies that were measured. */
  readonly replies: number
  /** Delays of replies, ms, without the greeting. */
  readonly p50: number
  readonly p99: number
  readonly worst: number
  /** Messages with a 250, and sessions or messages without one. */
  readonly accepted: number
  readonly refused: number
  /** The first refusals, for people. */
  readonly refusals: readonly string[]
}

export interface SecondClient {
  /** Forgets what was measured so far; messages stay counted. */
  beginMeasuring(): void
  stop(): Promise<SecondClientReport>
}

const CHILD = fileURLToPath(new URL('./second-client-child.ts', import.meta.url))

/** Starts the process; it sends until it is stopped. */
export async function startSecondClient(settings: SecondClientSettings): Promise<SecondClient> {
  const child = fork(CHILD, [JSON.stringify(settings)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await once(child, 'message')
  return {
    beginMeasuring: () => void child.send('measure'),
    stop: async () => {
      const answered = once(child, 'message')
      child.send('stop')
      const [report] = (await answered) as [SecondClientReport]
      child.disconnect()
      return report
    },
  }
}
