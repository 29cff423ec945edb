import { expect, it } from 'vitest'
import type { Event } from '../observe/events.ts'
import { DestinationReportBuilder } from './destination-report.ts'

const end = (kind: 'delivered' | 'deferred' | 'failed', host: string | null, more: object = {}): Event =>
  ({
    kind,
    at: 0,
    queueId: 'F1',
    recipient: 'kim@Example.NET',
    host,
    reply: 'text',
    tls: null,
    attempt: 1,
    ...more,
  }) as Event

it('counts by the organization that runs the hosts', () => {
  const report = new DestinationReportBuilder()
  report.add([
    end('delivered', 'gmail-smtp-in.l.google.com[142.250.1.26]:25', {
      delayMs: 1200,
      tls: { level: 'verified', policy: 'sts' },
    }),
    end('delivered', 'alt1.gmail-smtp-in.l.google.com[142.250.1.27]:25', {
      delayMs: 3000,
      tls: { level: 'encrypted', policy: 'may' },
    }),
    end('deferred', 'aspmx.l.google.com[142.250.1.28]:25', { reply: '421 4.7.28 id 4711 slow' }),
    end('failed', 'mx.shop.co.uk[192.0.2.1]:25'),
    end('deferred', null),
    end('failed', null, { recipient: 'kim@gmx.net' }),
    end('failed', 'mx01.gmx.net[192.0.2.7]:25'),
    end('deferred', '[192.0.2.9]:25'),
  ])
  expect(report.report()).toMatchObject([
    { destination: 'google', delivered: 2, deferred: 1, failed: 0, tls: { none: 0, encrypted: 1, verified: 1 } },
    { destination: 'example.net', delivered: 0, deferred: 2, failed: 0, delay: null },
    { destination: 'gmx', failed: 2 },
    { destination: 'shop.co.uk', failed: 1 },
  ])
  expect(report.report()[0]?.delay?.p50).toBeGreaterThan(1000)
})

it('stays bounded whatever domains strangers choose', () => {
  const report = new DestinationReportBuilder()
  for (let index = 0; index < 2000; index++) report.add([end('failed', `mx.stranger${index}.example[192.0.2.1]:25`)])
  const rows = report.report()
  expect([rows.length, rows[0]?.destination, rows[0]?.failed]).toEqual([501, 'all others', 1500])
})
