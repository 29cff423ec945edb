// The search terms of a message and their hashes.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sampleMessage, sampleRecipient } from '../../../../test/lib/queue-samples.ts'
import { BUCKETS, hashTerm, termsOf, traceTerm } from './ledger-terms.ts'

it('indexes queue ID, sender, final and original recipient and Message-ID', () => {
  const recipients = [sampleRecipient({ address: 'Final@Example.net', original: 'info@example.org' })]
  const { queueId, events } = sampleMessage({ sender: 'Anna@example.org', recipients })
  expect(termsOf(queueId, events).sort()).toEqual(
    [
      queueId,
      'anna@example.org',
      'final@example.net',
      'info@example.org',
      `${queueId}@example.org`.toLowerCase(),
    ].sort(),
  )
})

it('indexes a refusal by its session, sender and recipient', () => {
  const event = {
    kind: 'rejected',
    at: 1000,
    queueId: null,
    session: 'S1',
    recipient: 'Kim@Example.org',
    stage: 'rcpt',
    sender: null,
    remote: 'unknown[192.0.2.1]',
    reply: '550 5.1.1 No',
    cause: 'no such address',
  } as const
  expect(termsOf(null, [event])).toEqual(['S1', 'kim@example.org'])
})

it('normalizes a term', () => {
  expect(traceTerm(' <Anna@Example.ORG> ')).toBe('anna@example.org')
  expect(traceTerm('4bXyZ0123z')).toBe('4bXyZ0123z')
  fc.assert(fc.property(fc.emailAddress(), (address) => traceTerm(`<${address}>`) === traceTerm(address.toUpperCase())))
})

it('spreads hashes over the buckets', () => {
  const counts = Array.from({ length: BUCKETS }, () => 0)
  const hashes = new Set<number>()
  for (let n = 0; n < 32_000; n++) {
    const { hash, bucket } = hashTerm(`user${n}@example.net`)
    expect(hash).toBe(hash >>> 0)
    hashes.add(hash)
    counts[bucket] = (counts[bucket] ?? 0) + 1
  }
  expect(Math.min(...counts)).toBeGreaterThan(800)
  expect(Math.max(...counts)).toBeLessThan(1_200)
  expect(hashes.size).toBeGreaterThan(31_900)
})
