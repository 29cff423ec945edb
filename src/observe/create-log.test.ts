import { describe, expect, test } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { hostile, obeyed } from '../../test/lib/hostile-text.ts'
import type { LogFields } from '../lib/log.ts'
import type { Event } from './events.ts'
import { createLog } from './create-log.ts'
import type { Treatment } from '../privacy/treatment.ts'
import type { LogLevel } from './event-log.ts'

function collect(
  level: LogLevel = 'info',
  addresses: Treatment = 'keep',
  { format = 'json', ips = 'keep' }: { readonly format?: 'json' | 'text'; readonly ips?: Treatment } = {},
) {
  const lines: string[] = []
  const privacy = { addresses, ips, subjects: 'drop', hashKey: () => Buffer.from('k') } as const
  const log = createLog(
    { level, format, privacy, base: { node: 'mx-01.example.org' } },
    { clock: createFakeClock(), output: { write: (line) => void lines.push(line) } },
  )
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

/** Fields without a class, as a spread can bring them. */
const other = (fields: Record<string, unknown>) => fields as LogFields

const received: Event = {
  kind: 'received',
  at: 1,
  queueId: 'q',
  origin: 'internet',
  sender: 'joe@example.net',
  remote: '192.0.2.1',
  helo: null,
  tls: null,
  size: 10,
  messageId: null,
}

test('writes one JSON line for each event, with the time of the clock', () => {
  const { log, lines, parsed } = collect()
  log.event(received)
  expect(lines).toHaveLength(1)
  expect(lines[0]?.endsWith('}\n')).toBe(true)
  expect(parsed()[0]).toEqual({
    level: 'info',
    time: '2026-11-21T00:00:00.000Z',
    node: 'mx-01.example.org',
    event: 'received',
    queueId: 'q',
    origin: 'internet',
    sender: 'joe@example.net',
    remote: '192.0.2.1',
    size: 10,
    msg: 'received',
  })
})

test('writes details of a message at level debug', () => {
  const signed: Event = {
    kind: 'signed',
    at: 1,
    queueId: 'q',
    domain: 'example.org',
    selector: 's',
    algorithm: 'rsa-sha256',
  }
  const info = collect('info')
  info.log.event(signed)
  const debug = collect('debug')
  debug.log.event(signed)
  expect([info.lines.length, debug.lines.length]).toEqual([0, 1])
})

test('applies the level, and the privacy classes to messages', () => {
  const { log, parsed } = collect('warn', 'hash')
  log.debug({}, 'no')
  log.info({}, 'no')
  log.warn({ recipient: 'joe@example.net' }, 'about joe@example.net')
  log.error({}, 'yes')
  expect(parsed().map((line) => line['level'])).toEqual(['warn', 'error'])
  expect(JSON.stringify(parsed())).not.toContain('joe@')
})

test('writes stack and causes of a bug, for any thrown value', () => {
  const { log, parsed } = collect()
  log.bug(new Error('outer', { cause: new Error('inner') }), 'test', { session: 's' })
  log.bug('just text', 'test')
  log.bug(undefined, 'test')
  const [first, second, third] = parsed()
  expect(first).toMatchObject({ level: 'error', msg: 'bug: test', session: 's' })
  expect(first?.['error']).toMatch(/outer[^]*caused by: Error: inner/)
  expect([second?.['error'], third?.['error']]).toEqual(['just text', 'undefined'])
})

test('does not let fields forge a line: line ends, its own keys, cycles', () => {
  const { log, lines, parsed } = collect()
  log.info(other({ sender: 'x\n{"level":"error"}', level: 'error', time: 'never', msg: 'other' }), 'a\nb')
  expect(lines).toHaveLength(1)
  expect(lines[0]?.split('\n')).toHaveLength(2)
  expect(parsed()[0]).toMatchObject({ level: 'info', level_: 'error', time_: 'never', msg_: 'other', msg: 'a\nb' })
})

test.each(['json', 'text'] as const)('escapes what a terminal obeys, in lines of %s', (format) => {
  const { log, lines } = collect('info', 'keep', { format })
  log.event({ ...received, sender: `${hostile}\r\n@example.net`, remote: hostile })
  log.error(other({ cause: `${hostile}\n`, [hostile]: 1 }), `${hostile}\n`)
  log.bug(new Error(hostile), hostile)
  expect(lines).toHaveLength(3)
  for (const line of lines) {
    expect(line.endsWith('\n')).toBe(true)
    expect(obeyed(line)).toBeNull()
    expect(line.split('\n')).toHaveLength(2)
  }
})

test('keeps the value of a field in JSON, whatever it contains', () => {
  const { log, parsed } = collect()
  log.info({ cause: hostile }, hostile)
  expect(parsed()[0]).toMatchObject({ cause: hostile, msg: hostile })
})

test('writes the times of an event as ISO 8601', () => {
  const { log, parsed } = collect()
  const attempt = { attempt: 1, host: null, reply: '', status: '4.4.1', tls: null, scope: 'site' }
  log.event({ kind: 'deferred', at: 1, queueId: 'q', nextAttemptAt: Date.UTC(2026, 10, 21, 1), ...attempt })
  expect(parsed()[0]).toMatchObject({ time: '2026-11-21T00:00:00.000Z', nextAttemptAt: '2026-11-21T01:00:00.000Z' })
})

describe('text', () => {
  const text = (addresses: Treatment = 'keep', ips: Treatment = 'keep') =>
    collect('info', addresses, { format: 'text', ips })
  const head = '2026-11-21T00:00:00.000Z mx-01.example.org info'

  test('has one sentence for an event, with its queue ID or session', () => {
    const { log, lines } = text()
    log.event(received)
    const refused = { stage: 'rcpt', sender: null, reply: '550 5.1.1 no', cause: 'no' } as const
    log.event({ kind: 'rejected', at: 1, queueId: null, session: 's1', remote: 'unknown[192.0.2.1]', ...refused })
    expect(lines).toEqual([
      `${head} q: received from 192.0.2.1, sender <joe@example.net>, 10 bytes, origin internet\n`,
      `${head} s1: rejected at RCPT from unknown[192.0.2.1], sender <>: 550 5.1.1 no\n`,
    ])
  })

  test('has the fields of a message after it, in quotation marks where they are needed', () => {
    const { log, lines } = text()
    log.warn(other({ file: '/a/b.yaml', line: 3, empty: '', listeners: [25, 587], cause: 'a; b="c"' }), 'bad file')
    const fields = String.raw`file=/a/b.yaml; line=3; empty=""; listeners=[25,587]; cause="a; b=\"c\""`
    expect(lines).toEqual([`2026-11-21T00:00:00.000Z mx-01.example.org warn bad file; ${fields}\n`])
  })

  test('treats personal data by its class, and does not take a dropped sender for the null sender', () => {
    const [hashed, dropped] = [text('hash', 'hash'), text('drop', 'drop')]
    for (const { log } of [hashed, dropped]) log.event({ ...received, remote: 'host.example[192.0.2.1]' })
    expect(hashed.lines[0]).toMatch(/received from #\w{20}\[#\w{20}\], sender <#\w{20}@example\.net>, 10 bytes/)
    expect(dropped.lines[0]).toContain('received from (dropped), sender <(dropped)>, 10 bytes')
  })

  test('describes an event of every kind, with every class of personal data dropped', () => {
    const { log, lines } = text('drop', 'drop')
    const tls = { level: 'verified', policy: 'verify', protocol: 'TLSv1.3' } as const
    const end = {
      at: 1,
      queueId: 'q',
      recipient: 'kim@example.net',
      attempt: 1,
      host: null,
      reply: 'x',
      status: '4.0.0',
    }
    log.event({ ...end, kind: 'delivered', tls: null, sender: null, delayMs: 1, size: 1 })
    log.event({ ...end, kind: 'deferred', tls, scope: 'site', nextAttemptAt: 0 })
    log.event({ kind: 'suspended', at: 1, queueId: null, destination: 'mx:a.example', by: 'root', reason: '' })
    expect(lines.join('')).toBe(
      [
        `${head} q: delivered to (dropped) at unknown without TLS, sender <>, 1 bytes, delay 0.0 s, attempt 1: x\n`,
        `${head} q: deferred (dropped) (site), attempt 1: x; next attempt 1970-01-01T00:00:00.000Z\n`,
        `${head} suspended by root: mx:a.example\n`,
      ].join(''),
    )
  })
})
