// The loads for both relays. The first one is the main row, which is the base of all comparisons.

import type { Load } from './round.ts'

export interface RelayCase {
  readonly name: string
  readonly load: Load
  readonly rounds: number
  /** Least ratio to Postfix. */
  readonly aim: number
}

const MAIN_AIM = 6
const OTHER_AIM = 3
const SESSIONS = 50

/** With these numbers, a round of Postfix takes about ten seconds. The sessions follow the documentation of Postfix's tools. */
const sizes = [
  { name: '4 KiB', length: 4096, messages: 6000, sessions: SESSIONS },
  { name: '100 KiB', length: 102_400, messages: 1200, sessions: SESSIONS },
  // Postfix refuses more than 10 240 000 octets by default.
  { name: '10 MB', length: 10_000_000, messages: 40, sessions: 10 },
] as const

const matrix = sizes.flatMap(({ name, ...load }) =>
  [true, false].flatMap((reuse) =>
    [1, 10].map(
      (recipients): RelayCase => ({
        name: `${name}, ${reuse ? 'reused' : 'new'} connections, ${recipients} recipient${recipients > 1 ? 's' : ''}`,
        load: { ...load, reuse, recipients, warmUp: Math.ceil(load.messages / 8) },
        rounds: 2,
        aim: OTHER_AIM,
      }),
    ),
  ),
)

const main: RelayCase = {
  name: '4 KiB, reused connections, 1 recipient',
  load: { messages: 10_000, sessions: SESSIONS, length: 4096 },
  rounds: 3,
  aim: MAIN_AIM,
}

const starttls: RelayCase = {
  name: '4 KiB, reused connections, STARTTLS in and out',
  load: { messages: 5000, sessions: SESSIONS, length: 4096, starttls: true, warmUp: 700 },
  rounds: 2,
  aim: OTHER_AIM,
}

export const relayCases: readonly RelayCase[] = [main, ...matrix.filter((one) => one.name !== main.name), starttls]
