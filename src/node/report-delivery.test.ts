// Delivery to the store of reports: outcomes, holds, and the way of other mail.

import { describe, expect, it } from 'vitest'
import { sampleMessage } from '../../test/lib/queue-samples.ts'
import type { AttemptResult } from '../delivery/attempt/agent.ts'
import type { Claim } from '../queue/contract/queue.ts'
import type { Taken } from '../reports/report-taker.ts'
import { REPORTS_HOP } from '../smtp/nexthop.ts'
import { deliverReports } from './report-delivery.ts'

const { recipients, events: _, ...message } = sampleMessage({})
const claimTo = (nextHop: string): Claim => ({
  message,
  nextHop,
  reversePath: null,
  recipients: recipients.map((one, index) => ({ ...one, nextHop, recipientId: index + 1, attempt: 1 })),
})
const elsewhere: AttemptResult = { outcomes: [], verdict: 'worked', pauseMs: 0 }
const summary = { kind: 'dmarc', about: ['example.org'], rows: 1, text: 'DMARC report of a', complaint: null } as const

async function attempt(taken: Taken, { nextHop = REPORTS_HOP, mayHold = true } = {}) {
  const controls: unknown[] = []
  const agent = deliverReports(
    { attempt: async () => elsewhere },
    {
      queue: {
        control: async (request) => {
          controls.push(request)
          return { changed: 0, afterAttempt: 1 }
        },
        openBody: () => expect.fail('nothing reads it'),
      },
      taker: { take: async () => taken },
      mayHold: () => mayHold,
      taken: async () => undefined,
    },
  )
  return { controls, result: await agent.attempt(claimTo(nextHop)) }
}

describe('an attempt', () => {
  it('of other mail is made by the other agent', async () => {
    expect((await attempt({ kind: 'busy' }, { nextHop: 'mx:example.net' })).result).toBe(elsewhere)
  })

  it('of a report that is read', async () => {
    const read = { kind: 'read', summary, isNew: true, proven: null, original: null } as const
    expect((await attempt(read)).result).toMatchObject({
      verdict: 'worked',
      outcomes: [{ recipientId: 1, outcome: { kind: 'delivered', reply: 'DMARC report of a', status: '2.0.0' } }],
    })
    expect((await attempt({ ...read, isNew: false })).result.outcomes[0]?.outcome.reply).toMatch(/, which is known$/)
  })

  it('that must wait', async () => {
    expect((await attempt({ kind: 'busy' })).result).toMatchObject({ postponeMs: 1000, outcomes: [] })
    const { result, controls } = await attempt({ kind: 'unavailable', cause: 'disk full' })
    expect(result).toMatchObject({
      verdict: 'unreachable',
      outcomes: [{ outcome: { kind: 'deferred', scope: 'site', reply: 'disk full' } }],
    })
    expect(controls).toEqual([])
  })

  it('of a message without a readable report holds it', async () => {
    const { result, controls } = await attempt({ kind: 'unreadable', reason: 'no report', proven: null })
    expect(controls).toEqual([
      {
        action: 'hold',
        filter: { queueIds: [message.queueId], destination: REPORTS_HOP },
        by: 'reports',
        reason: 'no report',
      },
    ])
    expect(result).toMatchObject({
      verdict: 'worked',
      outcomes: [{ outcome: { kind: 'deferred', reply: 'no report' } }],
    })
  })

  it('holds no more than the budget', async () => {
    const { result, controls } = await attempt({ kind: 'unreadable', reason: 'x', proven: null }, { mayHold: false })
    expect(controls).toEqual([])
    expect(result.outcomes[0]?.outcome).toMatchObject({
      kind: 'deferred',
      reply: 'x; too many such messages are held already',
    })
  })
})
