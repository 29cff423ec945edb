// Sending reports: addresses, consent, sizes, exceptions, and a DNS that does not answer.

import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../../test/lib/fake-clock.ts'
import { fakeResolver } from '../../../test/lib/fake-resolver.ts'
import { readReport } from '../reading/read-report.ts'
import type { DueReport } from '../store/result-store.ts'
import { readReportedRecord } from './dmarc-record.ts'
import { MOST_PACKED, packAggregate } from './pack-aggregate.ts'
import type { ReportMail } from './report-mail.ts'
import type { CountedResult } from './result-tally.ts'
import { createResultTally } from './result-tally.ts'
import { type SendResult, sendReports } from './send-reports.ts'
import type { VerifiedResult } from './verified-result.ts'

const clock = createFakeClock(Date.UTC(2026, 10, 29, 3))
const due: DueReport = { day: '2026-11-28', policyDomain: 'author.example', organization: 'author.example' }
const settings = {
  org: 'Example & Söhne',
  from: 'noreply@example.org',
  hostname: 'mx-01.example.org',
  submitter: 'example.org',
  except: ['excepted.example'],
}
const result: VerifiedResult = {
  ...due,
  source: '192.0.2.1',
  headerFrom: 'author.example',
  envelopeFrom: 'author.example',
  disposition: 'pass',
  dkim: true,
  spf: false,
  reason: null,
  signatures: [{ domain: 'author.example', selector: 'a<b', result: 'pass' }],
  spfResult: 'softfail',
}
const results: CountedResult[] = [{ result, count: 3 }]

type Zone = Parameters<typeof fakeResolver>[0]

async function run(zone: Zone, changes: { readonly due?: DueReport; readonly queue?: () => Promise<boolean> } = {}) {
  const sent: { to: string; mail: ReportMail }[] = []
  const counted: SendResult[] = []
  const finished: DueReport[] = []
  const one = changes.due ?? due
  await sendReports(
    settings,
    {
      resolver: fakeResolver(zone),
      clock,
      log: { warn: () => undefined },
      due: async (before) => (one.day < before ? [one] : []),
      write: async (_, facts) => Buffer.from(packAggregate(facts, { results, omitted: 0 })),
      finish: async (done) => void finished.push(done),
      queue: async (to, mail) => {
        if (changes.queue) return await changes.queue()
        sent.push({ to, mail })
        return true
      },
      count: (what) => void counted.push(what),
    },
    new AbortController().signal,
  )
  return { sent, counted, finished: finished.length }
}
const DMARC = '_dmarc.author.example TXT'
const record = (rua: string) => [`v=DMARC1; p=reject; sp=none; np=x; adkim=s; t=y; rua=${rua}`]

describe('a report', () => {
  it('goes to the addresses of the domain, with the names that RFC 9990 wants', async () => {
    const { sent, counted, finished } = await run({ [DMARC]: record('mailto:rua@sub.author.example') })
    expect([counted, finished]).toEqual([['sent'], 1])
    const [one] = sent
    const message = Buffer.concat([one?.mail.header ?? Buffer.alloc(0), one?.mail.body ?? Buffer.alloc(0)])
    expect(message.toString()).toMatch(
      /filename="example\.org!author\.example!1795824000!1795910399![0-9a-f]{12}\.xml\.gz"/,
    )
    expect(await readReport(message, clock.now())).toMatchObject({
      org: 'Example & Söhne',
      contact: 'noreply@example.org',
      reportId: 'author.example.20261128@mx-01.example.org',
      begin: Date.UTC(2026, 10, 28),
      policy: { domain: 'author.example', p: 'reject', sp: 'none', np: null, adkim: 's', aspf: 'r', testing: true },
      records: [
        { count: 3, dkim: true, spf: false, signatures: [{ selector: 'a<b' }], senders: [{ result: 'softfail' }] },
      ],
    })
  })

  it('goes elsewhere only with consent, and where the consent says', async () => {
    const zone = {
      [DMARC]: record('mailto:a@yes.example,mailto:b@no.example,mailto:c@other.example'),
      'author.example._report._dmarc.yes.example TXT': ['v=DMARC1; rua=mailto:new@yes.example'],
      'author.example._report._dmarc.no.example TXT': ['v=spf1'],
      'author.example._report._dmarc.other.example TXT': ['v=DMARC1; rua=mailto:x@victim.example'],
    }
    expect((await run(zone)).sent.map(({ to }) => to)).toEqual(['new@yes.example'])
    expect(await run({ [DMARC]: record('mailto:b@no.example') })).toMatchObject({
      counted: ['no-consent'],
      finished: 1,
    })
  })

  it.each([
    ['without an address', { [DMARC]: record('https://author.example/') }, 'unwanted'],
    ['without a record', {}, 'unwanted'],
    ['beyond the size', { [DMARC]: record('mailto:a@author.example!1k') }, 'too-large'],
  ])('is not sent %s', async (_, zone, expected) => {
    expect(await run(zone)).toMatchObject({ sent: [], counted: [expected], finished: 1 })
  })

  it('is not sent to an excepted domain, nor about today', async () => {
    expect(await run({}, { due: { ...due, policyDomain: 'sub.excepted.example' } })).toMatchObject({
      counted: ['excepted'],
    })
    expect(await run({}, { due: { ...due, day: '2026-11-29' } })).toEqual({ sent: [], counted: [], finished: 0 })
  })

  it('waits while the DNS does not answer, for three days', async () => {
    const zone: Zone = { [DMARC]: 'unavailable' }
    expect(await run(zone)).toEqual({ sent: [], counted: [], finished: 0 })
    expect(await run(zone, { due: { ...due, day: '2026-11-25' } })).toMatchObject({
      counted: ['given-up'],
      finished: 1,
    })
  })

  it('waits while it cannot be queued, and is counted without a route', async () => {
    const zone = { [DMARC]: record('mailto:a@author.example') }
    expect(await run(zone, { queue: () => Promise.reject(new Error('no DNS')) })).toMatchObject({
      counted: [],
      finished: 0,
    })
    expect(await run(zone, { queue: async () => false })).toMatchObject({ counted: ['no-route'], finished: 1 })
  })
})

it('reads the tags of a record', () => {
  expect(readReportedRecord('v=DMARC1; rua=mailto:a@b.example!5g, mailto:c@d.example')?.addresses).toEqual([
    { address: 'a@b.example', domain: 'b.example', mostOctets: 5 * 2 ** 30 },
    { address: 'c@d.example', domain: 'd.example', mostOctets: null },
  ])
  expect(readReportedRecord('p=none; v=DMARC1')).toBeNull()
  expect(readReportedRecord('v=DMARC1;rua=mailto:<a>@b.example')?.addresses).toEqual([])
})

it('leaves out the rarest results of a report that is too large', () => {
  const random = (n: number) =>
    Array.from({ length: 40 }, (_, k) => Math.imul(n * 97 + k, 2_654_435_761).toString(36)).join('')
  const many = Array.from({ length: 1000 }, (_, n) => ({
    result: { ...result, signatures: [{ domain: 'a.example', selector: random(n), result: 'fail' }] },
    count: 1000 - n,
  }))
  const facts = {
    ...settings,
    ...due,
    email: 'a@b',
    reportId: 'x',
    record: readReportedRecord('v=DMARC1') as NonNullable<ReturnType<typeof readReportedRecord>>,
  }
  const packed = packAggregate(facts, { results: many, omitted: 5 })
  expect(packed.length).toBeLessThanOrEqual(MOST_PACKED)
  const xml = gunzipSync(packed).toString()
  const listed = xml.match(/<record>/g)?.length ?? 0
  expect(listed).toBeLessThan(1000)
  const left = many.slice(listed).reduce((sum, { count }) => sum + count, 5)
  expect(xml).toContain(`<error>${left} messages with further results are not listed</error>`)
})

it('gathers equal results, up to a limit', () => {
  const tally = createResultTally()
  for (let n = 0; n < 5001; n++) tally.add({ ...result, source: `${n}` })
  tally.add({ ...result, source: '1' })
  expect(tally.lost).toBe(1)
  expect(tally.take().filter(({ count }) => count === 2)).toHaveLength(1)
  expect(tally.take()).toEqual([])
})
