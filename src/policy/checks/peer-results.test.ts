import { expect, test } from 'vitest'
import { mailFacts, runCheck } from '../../../test/lib/check-facts.ts'
import type { Origin } from '../../smtp/origin.ts'
import type { Mail } from '../check.ts'
import { peerResultsCheck } from './peer-results.ts'

const peer: Origin = { kind: 'peer', role: 'mx', vouched: 'nothing' }
const check = (mail: Mail) => runCheck(peerResultsCheck('example.org'), 'message', mail)
const vouched = async (header: string) => {
  const { origin } = await check(mailFacts(header, { origin: peer }))
  return origin?.kind === 'peer' ? origin.vouched : null
}

test('reads the results below the Received field of the peer', async () => {
  expect(await vouched('Received: by mx\nAuthentication-Results: example.org; auth=pass')).toBe('authenticated')
  expect(
    await vouched('Received: by mx\nAuthentication-Results: example.org; spf=pass; dmarc=pass header.from=a.example'),
  ).toBe('dmarc-pass')
  expect(await vouched('Received: by mx\nAuthentication-Results: example.org; spf=pass; dmarc=fail')).toBe(
    'sender-pass',
  )
  expect(await vouched('Received: by mx\nAuthentication-Results: example.org; spf=fail; dmarc=fail')).toBe('nothing')
})

test('a login, SPF, or DMARC of the same domain at the peer proves the sender', async () => {
  const proven = async (results: string) =>
    (await check(mailFacts(`Received: by mx\nAuthentication-Results: example.org; ${results}`, { origin: peer })))
      .senderProven
  expect(await proven('auth=pass')).toBe(true)
  expect(await proven('spf=pass; dmarc=fail')).toBe(true)
  expect(await proven('spf=fail; dmarc=pass header.from=stranger.example')).toBe(true)
  expect(await proven('spf=fail; dmarc=pass header.from=other.example')).toBe(false)
  expect(await proven('spf=fail; dmarc=pass')).toBe(false)
  expect(await proven('spf=fail; dmarc=fail')).toBe(false)
})

test('ignores fields that another host could have added', async () => {
  expect(await vouched('Authentication-Results: example.org; auth=pass\nReceived: by mx')).toBe('nothing')
  expect(await vouched('Received: by mx\nReceived: by stranger\nAuthentication-Results: example.org; auth=pass')).toBe(
    'nothing',
  )
  expect(await vouched('Received: by mx\nAuthentication-Results: example.net; auth=pass')).toBe('nothing')
  expect(await vouched('From: lee@example.org')).toBe('nothing')
})

test('does not change other origins', async () => {
  const finding = await check(mailFacts('Received: by mx\nAuthentication-Results: example.org; auth=pass'))
  expect(finding).toEqual({ verdict: { kind: 'accept' } })
})

test('reports a message that the peer did not scan for viruses', async () => {
  const eventsFor = async (results: string) => {
    const header = `Received: by mx\nAuthentication-Results: example.org; spf=pass; ${results}`
    return (await check(mailFacts(header, { origin: peer }))).events?.slice(1)
  }
  const event = { kind: 'checked', at: 1000, queueId: 'Q1', check: 'virus', detail: 'reported by mx' }
  expect(await eventsFor('x-virus=none')).toEqual([{ ...event, result: 'unscanned' }])
  expect(await eventsFor('x-virus=temperror')).toEqual([{ ...event, result: 'unavailable' }])
  for (const results of ['x-virus=pass', 'x-virus=other', 'dmarc=pass']) expect(await eventsFor(results)).toEqual([])
})
