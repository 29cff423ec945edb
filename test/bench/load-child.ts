// The process of the loader: its argument is an order, its output the result. It is a separate process, so that the benchmark's work
// (sampling memory, counting) does not slow the load.

import { setTimeout as sleep } from 'node:timers/promises'
import { delaysOf } from './delays.ts'
import type { LoadAnswer, LoadOrder } from './load-order.ts'
import { type LoadSession, loadMessage, openLoadSession } from './load-session.ts'

const order = JSON.parse(process.argv[2] as string) as LoadOrder
const message = loadMessage(order.length)
const delays: number[] = []
let next = 0

const start = performance.now()
/** The time at which message number `index` is due. */
const dueAt = (index: number): number => (order.rate === null ? performance.now() : start + (index * 1000) / order.rate)

async function work(session: LoadSession): Promise<void> {
  while (next < order.messages) {
    const due = dueAt(next++)
    const early = due - performance.now()
    if (early > 0) await sleep(early)
    await session.send(message)
    delays.push(performance.now() - due)
  }
  session.quit()
}

await Promise.all(
  Array.from({ length: order.sessions }, async () => work(await openLoadSession(order.port, order.starttls))),
)
const seconds = (performance.now() - start) / 1000
const answer: LoadAnswer = { seconds, ...delaysOf(delays) }
process.stdout.write(JSON.stringify(answer))
process.exit(0)
