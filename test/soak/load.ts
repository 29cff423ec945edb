// The load of a soak: clients of many domains, each with a block of messages for a connection. A client sends again what got no 250, as any
// mail server, until the message is accepted or refused for good.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, openClient, type SendResult } from './client.ts'
import { BLOCK, kindOf, SALTS } from './mail-plan.ts'
import type { Outcomes } from './outcomes.ts'
import { drawn } from './seeded-random.ts'
import type { MailMaker } from './soak-mail.ts'

export interface LoadSettings {
  readonly seed: number
  readonly messages: number
  readonly sessions: number
  /** Messages a second, or null for as many as the nodes take. */
  readonly rate: number | null
  readonly mail: MailMaker
  readonly outcomes: Outcomes
  readonly target: { readonly host: string; readonly port: number }
  /** True while so much mail is under way that clients wait before they begin more. */
  readonly isFull: () => boolean
  /** Called for each message that ends for its client. */
  readonly onEnd: (number: number) => void
}

export interface Load {
  /** Resolves when all messages have ended, or all that were begun before `stop`. */
  readonly done: Promise<void>
  /** Messages that were begun; those from here on were never sent. */
  readonly begun: number
  /** Connections that clients cut in the middle of the data, and deferrals that they got. */
  readonly counts: { readonly cuts: number; readonly deferrals: number }
  /** No further block is begun. */
  stop(): void
}

/** Pauses of a client before it comes back, ms: it doubles from the first to the last. */
const FIRST_PAUSE = 100
const LAST_PAUSE = 3000
/** Interval at which a client that waits looks again, ms. */
const FULL_PAUSE = 50
/** Messages whose first connection is cut in the middle of the data; they are sent again. */
const CUT_SHARE = 0.005

export function startLoad(settings: LoadSettings): Load {
  const { messages, sessions } = settings
  const counts = { cuts: 0, deferrals: 0 }
  const start = performance.now()
  let next = 0
  let stopped = false
  const work = async () => {
    while (!stopped && next < messages) {
      if (settings.isFull()) {
        await sleep(FULL_PAUSE)
        continue
      }
      const first = next
      next = Math.min(messages, first + BLOCK)
      const block = Array.from({ length: next - first }, (_, place) => first + place)
      if (settings.rate !== null) await sleep(Math.max(0, start + (first * 1000) / settings.rate - performance.now()))
      await sendBlock(settings, block, counts)
    }
  }
  return {
    done: Promise.all(Array.from({ length: sessions }, work)).then(() => undefined),
    counts,
    get begun() {
      return next
    },
    stop: () => {
      stopped = true
    },
  }
}

async function sendBlock(settings: LoadSettings, block: readonly number[], counts: Load['counts']): Promise<void> {
  const { mail, target } = settings
  const tries = new Map<number, number>(block.map((number) => [number, 0]))
  for (let pause = FIRST_PAUSE; tries.size > 0; pause = Math.min(LAST_PAUSE, pause * 2)) {
    const client = await openClient({ ...target, ...mail.client(block[0] as number) })
    const before = tries.size
    if (client) await sendAll(settings, { client, tries, counts })
    client?.quit()
    if (tries.size > 0) await sleep(pause)
    if (tries.size < before) pause = FIRST_PAUSE
  }
}

interface Turn {
  readonly client: Client
  /** Attempts so far of the messages that have not ended. */
  readonly tries: Map<number, number>
  readonly counts: { cuts: number; deferrals: number }
}

async function sendAll(settings: LoadSettings, { client, tries, counts }: Turn): Promise<void> {
  const { seed, mail, outcomes } = settings
  const end = (number: number, record: (number: number) => void) => {
    tries.delete(number)
    record(number)
    settings.onEnd(number)
  }
  for (const [number, attempt] of tries) {
    if (!client.usable) return
    tries.set(number, attempt + 1)
    const isAbandoned = kindOf(seed, number) === 'abandoned'
    const cut = isAbandoned || (attempt === 0 && drawn(seed, SALTS.clientFault, number) < CUT_SHARE)
    const result: SendResult = await client.send({ ...mail.make(number), cut })
    if (result === 'accepted') end(number, (one) => outcomes.accept(one))
    else if (result === 'refused') end(number, (one) => outcomes.refuse(one))
    else if (result === 'doubt') outcomes.doubt(number)
    else if (result === 'deferred') counts.deferrals += 1
    else if (isAbandoned) end(number, (one) => outcomes.abandon(one))
    else if (cut) counts.cuts += 1
  }
}
