// The kinds of values of a configuration, each with the words for what is expected. Schemas are built from these.

import { isIP } from 'node:net'
import { z } from 'zod'
import { parseDuration } from '../lib/duration.ts'
import { formatEndpoint, readEndpoint } from '../lib/endpoint.ts'
import { readFingerprint } from '../lib/fingerprint.ts'
import { parseNetwork } from '../lib/ip-address.ts'
import { parseSize } from '../lib/size.ts'

const DNS_PORT = 53
const DNS_TLS_PORT = 853
/** Longest host name (RFC 1035 2.3.4). */
const MAX_HOST_NAME = 253
const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?'
const hostPattern = new RegExp(`^${label}(?:\\.${label})*$`, 'i')

/** Text that `read` turns into a value. Null from `read` means invalid. */
function parsed<T>(read: (text: string) => T | null, expected: string): z.ZodType<T> {
  return z.string({ error: expected }).transform((text, context) => {
    const value = read(text)
    if (value !== null) return value
    context.addIssue({ code: 'custom', message: expected })
    return z.NEVER
  }) as unknown as z.ZodType<T>
}

export const text = (expected: string) => z.string({ error: expected }).min(1, { error: expected })
export const path = text('a path')
export const flag = z.boolean({ error: 'true or false' })
export const count = (expected: string) => z.int({ error: expected }).min(1, { error: expected })

/** Milliseconds from "90s", "5m", "2h", "5d". */
export const duration = parsed(parseDuration, 'a duration such as 90s, 5m, 2h or 5d')

/** Bytes from "10M", "32KiB". */
export const size = z.union([parsed(parseSize, 'a size'), z.int().min(1)], {
  error: 'a size such as 10M, 512KiB or a number of bytes',
})

/** A host or domain name, lower case; no IP address. */
export const hostName = parsed((name) => {
  const plain = name.endsWith('.') ? name.slice(0, -1) : name
  return plain.length <= MAX_HOST_NAME && hostPattern.test(plain) && isIP(plain) === 0 ? plain.toLowerCase() : null
}, 'a host or domain name such as mx-01.example.org')

/** `address:port`, IPv6 in brackets, `*` for all addresses. */
export const bindAddress = parsed((value) => {
  const endpoint = readEndpoint(value)
  if (!endpoint) return null
  if (endpoint.host === '*') return { host: '::', port: endpoint.port }
  return isIP(endpoint.host) ? endpoint : null
}, 'an address and port such as 127.0.0.1:2525, [::1]:2525 or *:25')

const dnsServer = (port: number) => (value: string) => {
  const isWhole = value.includes(':') && !isIP(value)
  const endpoint = readEndpoint(isWhole ? value : formatEndpoint({ host: value, port }))
  return endpoint && isIP(endpoint.host) ? endpoint : null
}

/** `address[:port]` of a DNS server; default port 53. */
export const serverAddress = parsed(dnsServer(DNS_PORT), 'an IP address with a port such as 127.0.0.1:53')

/** The same for DNS over TLS; default port 853 (RFC 7858 section 3.1). */
export const tlsServerAddress = parsed(dnsServer(DNS_TLS_PORT), 'an IP address with a port such as 192.0.2.53:853')

/** Host name or address with an optional port; without one, port is 0. */
export const hostAndPort = parsed((value) => {
  const endpoint = isIP(value) ? { host: value, port: 0 } : (readEndpoint(value) ?? readEndpoint(`${value}:0`, 0))
  if (!endpoint) return null
  return isIP(endpoint.host) || hostPattern.test(endpoint.host)
    ? { host: endpoint.host.toLowerCase(), port: endpoint.port }
    : null
}, 'a host with an optional port such as srs.example.org or 127.0.0.1:2526')

/** `http://host:port` or `unix:/path`, without a slash at the end. */
export const httpOrSocket = parsed((value) => {
  if (/^unix:\/[^\0]+$/.test(value)) return value
  const address = /^http:\/\/([^/]+)\/?$/.exec(value)?.[1]
  const endpoint = address === undefined ? null : readEndpoint(address)
  return endpoint && (isIP(endpoint.host) || hostPattern.test(endpoint.host)) ? `http://${address}` : null
}, 'a URL such as http://127.0.0.1:11333 or unix:/run/rspamd/worker.sock')

/** `host:port` or `unix:/path`. */
export const hostOrSocket = parsed((value) => {
  if (/^unix:\/[^\0]+$/.test(value)) return value
  const endpoint = readEndpoint(value)
  return endpoint && (isIP(endpoint.host) || hostPattern.test(endpoint.host)) ? value : null
}, 'a server such as 127.0.0.1:3310 or unix:/run/clamav/clamd.ctl')

const SCORE_EXPECTED = 'a spam score above 0 such as 6 or 7.5, or none'

/** A score of the spam filter; null for `none`. */
export const spamScore = z.union(
  [z.number({ error: SCORE_EXPECTED }).positive({ error: SCORE_EXPECTED }), z.literal('none').transform(() => null)],
  { error: SCORE_EXPECTED },
)

/** An IP address or network in CIDR form. */
export const network = parsed(parseNetwork, 'an IP address or network such as 192.0.2.10 or 2001:db8::/64')

/** SHA-256 fingerprint as lower-case hex without separators. An optional prefix `sha256:` is removed. */
export const fingerprint = parsed(readFingerprint, 'a SHA-256 fingerprint: 64 hex digits, with or without colons')

/** Milliseconds between two messages, from `10/s`, `100/m`, `500/h` or an interval such as `2s`. */
export const rate = parsed((value) => {
  const match = /^([1-9]\d{0,5})\/([smh])$/.exec(value)
  const gap = match ? RATE_UNIT_MS[match[2] as keyof typeof RATE_UNIT_MS] / Number(match[1]) : parseDuration(value)
  return gap === null || gap <= 0 ? null : Math.ceil(gap)
}, 'a rate such as 10/s, 100/m or 500/h, or the minimum time between two such as 2s')

const RATE_UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000 } as const

/** An EHLO keyword in upper case. */
export const ehloKeyword = parsed(
  (value) => (/^[a-z0-9][a-z0-9-]*$/i.test(value) ? value.toUpperCase() : null),
  'an EHLO keyword such as PIPELINING',
)

/** An IPv4 or IPv6 address. */
export const ipAddress = parsed((value) => (isIP(value) === 0 ? null : value), 'an IP address')

/** An address of one family. */
export const ip = (family: 4 | 6) =>
  parsed((value) => (isIP(value) === family ? value : null), `an IPv${family} address`)
