import { describe, expect, it } from 'vitest'
import type { Event } from '../../src/observe/events.ts'
import { brokenPromises } from './ledger-ends.ts'

const event = (kind: string, recipient: string, queueId = 'Q1') => ({ kind, recipient, queueId, at: 0 }) as Event

describe('brokenPromises', () => {
  it('finds nothing where every recipient ended once', () => {
    const events = [
      event('resolved', 'a@x.example'),
      event('resolved', 'b@x.example'),
      event('deferred', 'a@x.example'),
      event('delivered', 'a@x.example'),
      event('failed', 'b@x.example'),
      event('resolved', 'a@x.example', 'Q2'),
      event('expired', 'a@x.example', 'Q2'),
      event('discarded', 'c@x.example'),
    ]
    expect(brokenPromises(events)).toEqual([])
  })

  it.each([
    ['no end', [event('resolved', 'a@x.example'), event('deferred', 'a@x.example')], 'Q1 a@x.example: no final event'],
    [
      'two ends',
      [event('resolved', 'a@x.example'), event('delivered', 'a@x.example'), event('failed', 'a@x.example')],
      'Q1 a@x.example: delivered, failed',
    ],
    ['an end from nowhere', [event('delivered', 'a@x.example')], 'Q1 a@x.example: ended and was never resolved'],
    [
      'the end of another mail',
      [
        event('resolved', 'a@x.example'),
        event('resolved', 'a@x.example', 'Q2'),
        event('delivered', 'a@x.example', 'Q2'),
      ],
      'Q1 a@x.example: no final event',
    ],
  ])('finds %s', (_what, events, broken) => expect(brokenPromises(events)).toEqual([broken]))
})
