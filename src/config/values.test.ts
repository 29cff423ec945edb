import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import {
  bindAddress,
  duration,
  fingerprint,
  hostAndPort,
  hostName,
  httpOrSocket,
  ip,
  network,
  serverAddress,
  size,
  spamScore,
} from './values.ts'

function cases(schema: z.ZodType, good: readonly (readonly [unknown, unknown])[], bad: readonly unknown[]) {
  test.each(good)('%o is %o', (text, value) => expect(schema.parse(text)).toEqual(value))
  test.each(bad.map((one) => [one]))('%o is rejected', (text) => expect(schema.safeParse(text).success).toBe(false))
}

describe('durations', () =>
  cases(
    duration,
    [
      ['90s', 90_000],
      ['5m', 300_000],
      ['5d', 432_000_000],
    ],
    ['5', 5, '', '5 d', '-1s', 'soon', null],
  ))

describe('sizes', () =>
  cases(
    size,
    [
      ['10M', 10 * 1024 ** 2],
      ['512KiB', 524_288],
      [4096, 4096],
    ],
    ['big', 0, -1, 1.5, null],
  ))

describe('host names', () =>
  cases(
    hostName,
    [
      ['MX-01.Example.ORG', 'mx-01.example.org'],
      ['example.org.', 'example.org'],
      ['localhost', 'localhost'],
      ['_dmarc.example.org', '_dmarc.example.org'],
    ],
    [
      '',
      '192.0.2.1',
      '::1',
      'a b',
      'a..b',
      '-a.example',
      'a-.example',
      `${'a'.repeat(64)}.example`,
      `${'a.'.repeat(127)}example`,
      'exämple.org',
      7,
    ],
  ))

describe('bind addresses', () =>
  cases(
    bindAddress,
    [
      ['127.0.0.1:25', { host: '127.0.0.1', port: 25 }],
      ['[::1]:25', { host: '::1', port: 25 }],
      ['*:25', { host: '::', port: 25 }],
    ],
    ['localhost:25', '127.0.0.1', '127.0.0.1:0', '127.0.0.1:70000', '::1:25', ':25', '', 25],
  ))

describe('DNS servers', () =>
  cases(
    serverAddress,
    [
      ['127.0.0.1', { host: '127.0.0.1', port: 53 }],
      ['127.0.0.1:5353', { host: '127.0.0.1', port: 5353 }],
      ['::1', { host: '::1', port: 53 }],
      ['[::1]:5353', { host: '::1', port: 5353 }],
    ],
    ['resolver.example.org', '127.0.0.1:', '', '127.0.0.1:99999'],
  ))

describe('peers', () =>
  cases(
    hostAndPort,
    [
      ['srs.example.org', { host: 'srs.example.org', port: 0 }],
      ['SRS.example.org:2525', { host: 'srs.example.org', port: 2525 }],
      ['192.0.2.1', { host: '192.0.2.1', port: 0 }],
      ['[2001:db8::1]:25', { host: '2001:db8::1', port: 25 }],
      ['2001:db8::1', { host: '2001:db8::1', port: 0 }],
    ],
    ['', 'a b', 'srs.example.org:99999', 'srs.example.org:x', '[nonsense]:25'],
  ))

describe('networks', () =>
  cases(
    network,
    [
      ['192.0.2.10', '192.0.2.10/32'],
      ['192.0.2.0/24', '192.0.2.0/24'],
      ['2001:db8::', '2001:db8::/128'],
      ['2001:db8::/64', '2001:db8::/64'],
    ],
    ['192.0.2.0/33', '2001:db8::/129', 'example.org', '192.0.2.0/', '192.0.2.0/a'],
  ))

describe('fingerprints', () => {
  const hex = 'ab'.repeat(32)
  const colons = (hex.match(/../g) as string[]).join(':').toUpperCase()
  cases(
    fingerprint,
    [
      [hex, hex],
      [colons, hex],
      [`SHA256:${hex}`, hex],
      [`sha256:${colons}`, hex],
    ],
    ['', 'ab', `${hex}00`, 'g'.repeat(64)],
  )
})

describe('addresses of one family', () => {
  cases(ip(4), [['192.0.2.1', '192.0.2.1']], ['2001:db8::1', 'x'])
  cases(ip(6), [['2001:db8::1', '2001:db8::1']], ['192.0.2.1'])
})

describe('URLs of workers', () =>
  cases(
    httpOrSocket,
    [
      ['http://127.0.0.1:11333', 'http://127.0.0.1:11333'],
      ['http://rspamd-01.example.org:80/', 'http://rspamd-01.example.org:80'],
      ['http://[2001:db8::1]:11333', 'http://[2001:db8::1]:11333'],
      ['unix:/run/rspamd/worker.sock', 'unix:/run/rspamd/worker.sock'],
    ],
    [
      'http://127.0.0.1',
      'https://127.0.0.1:1',
      'http://u:p@h:1',
      'http://h:1/checkv2',
      'http://h:1?x',
      'unix:w.sock',
      7,
    ],
  ))

describe('spam scores', () =>
  cases(
    spamScore,
    [
      [6, 6],
      [7.5, 7.5],
      ['none', null],
    ],
    [0, -1, '6', 'never', null, Number.NaN],
  ))
