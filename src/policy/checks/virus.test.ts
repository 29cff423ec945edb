// The finding for each result of the virus scanner: reply, mark, ledger event, and the origins that are scanned.

import { describe, expect, it } from 'vitest'
import { mailFacts, runCheck, sampleSession } from '../../../test/lib/check-facts.ts'
import type { VirusFinding, VirusRequest } from '../../filter/virus-scan.ts'
import { parseResults } from '../../message/results-field.ts'
import type { Origin } from '../../smtp/origin.ts'
import type { Mail } from '../check.ts'
import { readUnscanned } from '../virus-result.ts'
import { virusCheck } from './virus.ts'
import type { VirusSettings } from './virus.ts'

const clean: VirusFinding = { kind: 'clean', server: '127.0.0.1:3310' }
const infected: VirusFinding = { kind: 'infected', name: 'Win.Worm', server: '127.0.0.1:3310' }
const unscanned: VirusFinding = { kind: 'unscanned', cause: '2 octets, more than the 1 of clamav.max_size' }
const down: VirusFinding = { kind: 'unavailable', cause: '127.0.0.1:3310: connect ECONNREFUSED' }
const busy: VirusFinding = { kind: 'busy', cause: 'too many messages are scanned: client' }

async function check(finding: VirusFinding, change: Partial<VirusSettings> = {}, mail: Partial<Mail> = {}) {
  const asked: VirusRequest[] = []
  const scanner = {
    scan: async (request: VirusRequest) => {
      asked.push(request)
      return finding
    },
  }
  const settings = { scanner, authservId: 'example.org', whenDown: 'defer', ...change } as const
  const facts = mailFacts('From: ann@stranger.example', { session: sampleSession(), ...mail })
  return { ...(await runCheck(virusCheck(settings), 'message', facts)), asked }
}

describe('refused', () => {
  it('is a virus: 550 5.7.1, with its name in the cause and not in the reply', async () => {
    for (const whenDown of ['accept', 'defer'] as const)
      expect((await check(infected, { whenDown })).verdict).toEqual({
        kind: 'reject',
        reply: {
          code: 550,
          enhanced: '5.7.1',
          text: 'The message contains a virus or other harmful content',
          cause: 'virus Win.Worm, found by 127.0.0.1:3310',
        },
      })
  })

  it('for now is everything while no server answers, where that is configured: 451 4.3.0', async () => {
    expect((await check(down)).verdict).toMatchObject({
      kind: 'defer',
      reply: { code: 451, enhanced: '4.3.0', cause: expect.stringContaining('ECONNREFUSED') },
    })
  })

  it('for now is what finds no place, also where unscanned mail is accepted: 451 4.3.2', async () => {
    for (const whenDown of ['accept', 'defer'] as const)
      expect((await check(busy, { whenDown })).verdict).toMatchObject({
        kind: 'defer',
        reply: { code: 451, enhanced: '4.3.2' },
      })
  })

  it('leaves no finding that could be taken for an acceptance', async () => {
    for (const finding of [infected, down, busy])
      expect(Object.keys(await check(finding)).toSorted()).toEqual(['asked', 'verdict'])
  })
})

describe('accepted', () => {
  it.each([
    [clean, 'pass', '127.0.0.1:3310'],
    [unscanned, 'none', '2 octets, more than the 1 of clamav.max_size'],
    [down, 'temperror', '127.0.0.1:3310: connect ECONNREFUSED'],
  ] as const)('$kind, with a mark for the next node and an event', async (finding, mark, detail) => {
    const found = await check(finding, { whenDown: 'accept' })
    expect(found.verdict.kind).toBe('accept')
    expect(found.results).toBe(`example.org;\r\n\tx-virus=${mark}`)
    expect(found.events).toEqual([
      { kind: 'checked', at: 1000, queueId: 'Q1', check: 'virus', result: finding.kind, detail },
    ])
    const parsed = parseResults(found.results ?? '')
    const read = parsed.kind === 'results' ? readUnscanned(parsed.results) : undefined
    expect(read).toBe(finding.kind === 'clean' ? null : finding.kind)
  })
})

describe('origins', () => {
  it('internet, with the address of the client', async () => {
    expect((await check(clean)).asked).toMatchObject([{ remoteIp: '198.51.100.7', account: null }])
  })

  it.each<[Origin, string | null]>([
    [{ kind: 'user', identity: 'lee' }, 'user:lee'],
    [{ kind: 'machine', identity: 'lee' }, 'machine:lee'],
    [{ kind: 'local' }, null],
  ])('%j is scanned too, without a mark that would leave the fleet', async (origin, account) => {
    const found = await check(clean, {}, { origin })
    expect(found.asked).toMatchObject([{ account }])
    expect(found.results).toBeUndefined()
    expect(found.events).toMatchObject([{ result: 'clean' }])
    expect((await check(infected, {}, { origin })).verdict.kind).toBe('reject')
  })

  it('a peer, and the node itself, are not scanned', async () => {
    const peer: Origin = { kind: 'peer', role: 'submission', vouched: 'nothing' }
    for (const mail of [{ origin: peer }, { session: null, origin: { kind: 'local' } as const }])
      expect(await check(infected, {}, mail)).toEqual({ verdict: { kind: 'accept' }, asked: [] })
  })
})
