// Encoding for the other thread is without loss; octets keep their positions.

import fc from 'fast-check'
import { contentParts } from '../../contract/stored-body.ts'
import { describe, expect, it } from 'vitest'
import { sampleMessage, sampleRecipient } from '../../../../test/lib/queue-samples.ts'
import type { Notify } from '../../../smtp/envelope.ts'
import { claimsOf } from '../claimed-at-accept.ts'
import { notifyBits, notifyOf, wantsNotice } from '../../contract/notify-bits.ts'
import { OctetCollector } from './octet-collector.ts'
import type { WireMessage, WireStored } from './worker-protocol.ts'
import { decodeMessage, encodeEvents, encodeMessage } from './worker-codec.ts'

const octets = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))
const message = fc
  .record({
    header: octets,
    body: fc.oneof(
      octets.map((bytes) => ({ kind: 'inline' as const, bytes })),
      fc.record({ kind: fc.constant('spool' as const), file: fc.string(), size: fc.nat() }),
    ),
    sender: fc.option(fc.string()),
    senderProven: fc.boolean(),
    parameters: fc.record({
      size: fc.option(fc.nat()),
      body: fc.constantFrom('7BIT' as const, '8BITMIME' as const),
      smtputf8: fc.boolean(),
      requireTls: fc.boolean(),
      ret: fc.constantFrom('FULL' as const, 'HDRS' as const, null),
      envid: fc.option(fc.string()),
    }),
  })
  .map((change) => sampleMessage(change))

/** A message as it leaves the store, from the form in which it entered. */
function storedForm(wire: WireMessage): WireStored {
  const [queueId, arrivedAt, origin, sender, parameters, senderProven, spoolFile, headerSize, bodySize, ...rest] = wire
  const envelope = { queueId, arrivedAt, origin, sender, parameters, senderProven, spoolFile }
  return { id: 1, expiresAt: 2, ...envelope, headerSize, bodySize, contentStart: rest[0], contentEnd: rest[1] }
}

describe('messages', () => {
  it('are decoded from any position of a batch', () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 5 }), (messages) => {
        const collector = new OctetCollector()
        const wires = messages.map((one) => {
          const wire = encodeMessage(one, collector.length)
          for (const part of contentParts(one)) collector.add(part)
          return structuredClone(wire)
        })
        const whole = collector.take() ?? new Uint8Array(0)
        for (const [n, wire] of wires.entries()) {
          const { recipients: _, events: __, ...stored } = messages[n] as (typeof messages)[number]
          expect(decodeMessage(storedForm(wire), whole)).toEqual(stored)
        }
      }),
    )
  })

  it('never transfer a shared pool', () => {
    const collector = new OctetCollector()
    collector.add(Buffer.from('small, from the pool'))
    const mark = collector.length
    collector.add(Buffer.from('to be forgotten'))
    collector.cutTo(mark)
    const taken = collector.take()
    expect(String(Buffer.from(taken ?? []))).toBe('small, from the pool')
    expect(taken?.buffer.byteLength).toBe(taken?.length)
    expect(collector.take()).toBeNull()
  })
})

describe('claims at accept', () => {
  it('contain only the claimed recipients', () => {
    const recipients = ['mx:a', 'mx:b', 'mx:a'].map((nextHop, n) =>
      sampleRecipient({ nextHop, address: `r${n}@x.example` }),
    )
    const claims = claimsOf(sampleMessage({ recipients }), 65_536, [true, false, true])
    expect(claims.map((claim) => claim.recipients.map((one) => one.recipientId))).toEqual([[65_536, 65_538]])
    expect(claims[0]?.message).not.toHaveProperty('events')
  })
})

describe('NOTIFY', () => {
  it('is encoded as bits without loss', () => {
    const all: Notify[] = ['NEVER', 'SUCCESS', 'FAILURE', 'DELAY']
    fc.assert(
      fc.property(fc.subarray(all), (some) => {
        expect(notifyOf(notifyBits(some))).toEqual(some)
      }),
    )
  })

  it('permits the notices of RFC 3461 4.1', () => {
    expect([wantsNotice(0, 'failed'), wantsNotice(0, 'delayed'), wantsNotice(0, 'delivered')]).toEqual([
      true,
      true,
      false,
    ])
    expect(wantsNotice(notifyBits(['NEVER']), 'failed')).toBe(false)
    expect(wantsNotice(notifyBits(['DELAY']), 'delayed')).toBe(true)
  })
})

describe('events', () => {
  it('are one row per queue ID and one per refusal', () => {
    const base = { kind: 'unsigned', at: 1, reason: 'x' } as const
    const refused = { ...base, queueId: null }
    const rows = encodeEvents([
      { ...base, queueId: 'A' },
      refused,
      { ...base, queueId: 'B' },
      { ...base, queueId: 'A' },
      refused,
    ])
    expect(rows.map((row) => [row.queueId, (JSON.parse(row.events) as unknown[]).length])).toEqual([
      [null, 1],
      [null, 1],
      ['A', 2],
      ['B', 1],
    ])
  })
})
