// Parts of a listing, the oldest mail of destinations, and the overview: what the status page reads of a long queue.

import { afterEach, expect, it } from 'vitest'
import { sampleMessage, sampleRecipient, testQueue } from '../../../test/lib/queue-samples.ts'
import type { OpenQueue } from '../contract/opened-queue.ts'
import type { QueueFilter } from '../contract/recipient-filter.ts'

const folder = testQueue()
afterEach(() => folder.remove())

const MESSAGES = 3_000

async function fill(queue: OpenQueue): Promise<void> {
  for (let start = 0; start < MESSAGES; start += 500)
    await queue.acceptAll(
      Array.from({ length: 500 }, (_, index) => {
        const number = start + index
        const nextHop = `mx:d${number % 3}.example`
        const recipients = [
          sampleRecipient({ nextHop, address: `a${number}@x.example` }),
          sampleRecipient({ nextHop, address: `b${number}@x.example` }),
        ]
        return sampleMessage({ arrivedAt: 1_800_000_000_000 + number, recipients })
      }),
      { claim: false },
    )
}

it('reads a long queue part by part, each recipient once, whatever the filter', async () => {
  const queue = await folder.open()
  await fill(queue)
  const filters: readonly QueueFilter[] = [{}, { destination: 'mx:d1.example' }, { recipient: 'b*@x.example' }]
  for (const filter of filters) {
    const seen = new Set<string>()
    let total = 0
    let after: number | null = null
    do {
      const part = await queue.reader.page(filter, { after, limit: 75 })
      const found = part.messages.flatMap(({ recipients }) => recipients.map(({ address }) => address))
      expect(found.length).toBeLessThanOrEqual(75)
      for (const one of found) seen.add(one)
      total += found.length
      after = part.next
    } while (after !== null)
    const expected = filter.destination ? (2 * MESSAGES) / 3 : filter.recipient ? MESSAGES : 2 * MESSAGES
    expect([seen.size, total]).toEqual([expected, expected])
  }
  expect(await queue.reader.page({ recipient: 'none' }, { after: null, limit: 10 })).toEqual({
    messages: [],
    next: null,
  })
})

it('finds the oldest waiting mail of destinations, without held mail', async () => {
  const queue = await folder.open()
  await fill(queue)
  await queue.control({ action: 'hold', filter: { recipient: '*0@x.example' }, by: 'root', reason: '' })
  const oldest = await queue.reader.oldest(['mx:d0.example', 'mx:d1.example', 'mx:none.example'])
  expect(oldest).toEqual(
    new Map([
      ['mx:d0.example', 1_800_000_000_003],
      ['mx:d1.example', 1_800_000_000_001],
    ]),
  )
  await queue.suspend({ nextHop: 'mx:d2.example', by: 'root', reason: 'test' })
  expect(await queue.reader.overview()).toMatchObject({
    held: 600,
    oldestArrivedAt: 1_800_000_000_000,
    suspended: [{ nextHop: 'mx:d2.example', by: 'root', reason: 'test' }],
  })
})
