import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { Event } from './events.ts'
import { createLog } from './json-log.ts'
import type { LogLevel } from './json-log.ts'

function collect(level: LogLevel = 'info', addresses: 'keep' | 'hash' = 'keep') {
  const lines: string[] = []
  const privacy = { addresses, ips: 'keep', subjects: 'drop', hashKey: Buffer.from('k') } as const
  const log = createLog(
    { level, privacy, base: { node: 'mx-01.example.org' } },
    { clock: createFakeClock(), output: { write: (line) => void lines.push(line) } },
  )
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

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
  log.warn({ sender: 'joe@example.net' }, 'about joe@example.net')
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
  log.info({ sender: 'x\n{"level":"error"}', level: 'error', time: 'never', msg: 'other' }, 'a\nb')
  expect(lines).toHaveLength(1)
  expect(lines[0]?.split('\n')).toHaveLength(2)
  expect(parsed()[0]).toMatchObject({ level: 'info', level_: 'error', time_: 'never', msg_: 'other', msg: 'a\nb' })
})
