// Fairness of claims: no sender's mail waits for all the mail of another sender.

import { contentParts } from '../../../contract/stored-body.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sampleMessage, sampleRecipient } from '../../../../../test/lib/queue-samples.ts'
import { FLOWS, flowOf } from '../../../scheduling/flow.ts'
import type { NewMessage } from '../../../contract/queue.ts'
import { defaultRetrySettings } from '../../../scheduling/retry-schedule.ts'
import { Store } from '../store.ts'
import { encodeMessage } from '../../worker/worker-codec.ts'

const NOW = 1_800_000_000_000
const nextHop = 'mx:example.net'
let directory: string
let store: Store
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'waypost-turns-'))
  store = new Store({ directory, retry: defaultRetrySettings, random: () => 0.5, owner: true, now: NOW })
})
afterEach(() => {
  store.close()
  rmSync(directory, { recursive: true, force: true })
})

function accept(messages: readonly NewMessage[], now = NOW): void {
  const jobs = messages.map((message) => {
    const octets = new Uint8Array(Buffer.concat(contentParts(message)))
    const wire = encodeMessage({ ...message, events: [] }, 0)
    return { operation: { kind: 'accept' as const, message: wire, claim: false, now }, octets }
  })
  expect(store.run(jobs).failures).toEqual([])
}

function claim(limit = 1, now = NOW): { sender: string | null; queueId: string; recipients: number }[] {
  const { values } = store.run([{ operation: { kind: 'claim', nextHop, limit, now }, octets: new Uint8Array(0) }])
  const claims = values[0] as unknown as {
    message: { sender: string | null; queueId: string }
    recipients: unknown[]
  }[]
  return claims.map(({ message, recipients }) => ({ ...message, recipients: recipients.length }))
}

const from = (sender: string, count: number, recipients = 1) =>
  Array.from({ length: count }, () =>
    sampleMessage({
      sender,
      recipients: Array.from({ length: recipients }, (_, i) => sampleRecipient({ address: `r${i}@example.net` })),
    }),
  )

/** Claims one request after the other until the message of a sender comes. Returns how many came before it. */
function before(sender: string, limit = 1): number {
  for (let claims = 0; claims < 5000; ) {
    for (const one of claim(limit)) {
      if (one.sender === sender) return claims
      claims++
    }
  }
  throw new Error(`nothing from ${sender}`)
}

describe('turns', () => {
  it('one message does not wait for 50 000 messages of another sender', { timeout: 30_000 }, () => {
    const pile = from('pile@example.com', 50_000)
    for (let at = 0; at < pile.length; at += 5000) accept(pile.slice(at, at + 5000))
    claim(5)
    accept(from('letter@example.org', 1))
    expect(before('letter@example.org')).toBeLessThanOrEqual(1)
  })

  it('one message does not wait for a message with 10 000 recipients, also of the same sender', () => {
    accept(from('circular@example.com', 1, 10_000))
    accept([...from('letter@example.org', 1), ...from('circular@example.com', 1)])
    const first = claim(3)
    expect(first.map(({ recipients }) => recipients).toSorted((a, b) => a - b)).toEqual([1, 1, 50])
    expect(new Set(first.map(({ queueId }) => queueId)).size).toBe(3)
  })

  it('one address for each recipient is still one sender', () => {
    const verp = Array.from({ length: 500 }, (_, i) => from(`list-bounce-${i}=r${i}@example.com`, 1)[0] as NewMessage)
    accept(verp)
    accept(from('letter@example.org', 1))
    expect(before('letter@example.org')).toBeLessThanOrEqual(1)
  })

  it('an authenticated identity is one sender under any address', () => {
    const origin = { kind: 'user', identity: 'kim' } as const
    accept(Array.from({ length: 300 }, (_, i) => sampleMessage({ sender: `a${i}x${i}@n${i}.example`, origin })))
    accept(from('letter@example.org', 1))
    expect(before('letter@example.org')).toBeLessThanOrEqual(1)
  })

  it('flows take turns, and the oldest message of a flow is first', () => {
    const senders = ['a@example.org', 'b@example.org', 'c@example.org']
    const mails = senders.flatMap((sender) => from(sender, 10))
    for (const [i, mail] of mails.entries()) accept([mail], NOW - 1000 + i)
    for (let round = 0; round < 10; round++) {
      const three = claim(3)
      expect(new Set(three.map(({ sender }) => sender)).size).toBe(3)
      const wanted = senders.map((_, i) => mails[i * 10 + round]?.queueId ?? '').toSorted((a, b) => a.localeCompare(b))
      expect(three.map(({ queueId }) => queueId).toSorted((a, b) => a.localeCompare(b))).toEqual(wanted)
    }
    expect(claim(3)).toEqual([])
  })

  it('many flows without due mail do not hide a flow with due mail', () => {
    const waiting = Array.from(
      { length: 400 },
      (_, i) => from(`${String.fromCharCode(97 + (i % 26))}x@h${i}.example`, 1)[0] as NewMessage,
    )
    accept(waiting, NOW + 3_600_000)
    accept(from('letter@example.org', 3), NOW)
    expect(claim(2)).toHaveLength(2)
    expect(claim(5)).toHaveLength(1)
    expect(claim(5)).toEqual([])
  })

  it('a flow that always has due mail does not keep later flows from their turn', () => {
    const flow = (sender: string) => flowOf({ origin: '{}', sender, recipients: 1 })
    const names = Array.from({ length: 900 }, (_, i) => `s@h${i}.example`).toSorted((a, b) => flow(a) - flow(b))
    accept(
      names.slice(1, -1).flatMap((sender) => from(sender, 1)),
      NOW + 3_600_000,
    )
    accept(from(names[0] as string, 500))
    accept(from(names.at(-1) as string, 1))
    let requests = 0
    while (!claim(50).some(({ sender }) => sender === names.at(-1))) expect(++requests).toBeLessThan(6)
  })

  it('the number of claims before a due head is bounded by the number of flows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(30), { minLength: 1, maxLength: 120 }),
        fc.integer({ min: 1, max: 7 }),
        (owners, limit) => {
          const mails = owners.map((owner) => from(`s@h${owner}.example`, 1)[0] as NewMessage)
          accept(mails)
          const flows = new Set(mails.map(({ sender }) => flowOf({ origin: '{}', sender, recipients: 1 })))
          const order: number[] = []
          for (let some = claim(limit); some.length > 0; some = claim(limit))
            order.push(...some.map(({ sender }) => flowOf({ origin: '{}', sender, recipients: 1 })))
          expect(order).toHaveLength(mails.length)
          // Between two claims of one flow every other flow with mail gets one.
          for (const flow of flows) {
            const places = order.flatMap((one, at) => (one === flow ? [at] : []))
            for (const [n, place] of places.entries()) expect(place).toBeLessThan(flows.size * (n + 1))
          }
        },
      ),
      { numRuns: 20 },
    )
  })
})

describe('flows', () => {
  it('are the same for the same sender and spread over all', () => {
    const flow = (sender: string | null, recipients = 1) =>
      flowOf({ origin: '{"kind":"internet"}', sender, recipients })
    expect(flow('Kim+tag@Example.org')).toBe(flow('kim@example.org'))
    expect(flow('kim@example.org', 51)).toBe(flow('kim@example.org') + FLOWS)
    expect(flow(null)).toBe(flow(null))
    const seen = new Set(Array.from({ length: 20_000 }, (_, i) => flow(`user@h${i}.example`)))
    expect(seen.size).toBe(FLOWS)
  })
})
