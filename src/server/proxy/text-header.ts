// Version 1 of the PROXY protocol: one line of text (section 2.1 of the specification).

import { isIP } from 'node:net'
import { canonicalAddress } from '../../lib/ip-address.ts'
import { incomplete, malformed, type ProxyHeader } from './proxy-header.ts'

/** Longest line with its CRLF (section 2.1). */
const MAX_LINE = 107
const START = Buffer.from('PROXY ')
const CR = 0x0d
const LF = 0x0a
const HIGHEST_PORT = 65_535
const families: ReadonlyMap<string, 4 | 6> = new Map([
  ['TCP4', 4],
  ['TCP6', 6],
])

/** Reads a line that starts with `PROXY `. Its CRLF must be within the first 107 octets. */
export function readTextHeader(octets: Buffer): ProxyHeader {
  const seen = octets.subarray(0, MAX_LINE)
  const start = Math.min(seen.length, START.length)
  if (!seen.subarray(0, start).equals(START.subarray(0, start))) return malformed('no PROXY header')
  const end = seen.indexOf(LF)
  if (end >= 0 && seen[end - 1] !== CR) return malformed('the line ends without CR')
  if (end >= 0) return readLine(seen.toString('latin1', 0, end - 1), end + 1)
  return seen.length === MAX_LINE ? malformed('the line is too long') : incomplete
}

function readLine(line: string, length: number): ProxyHeader {
  const [, family = '', source = '', destination = '', ...ports] = line.split(' ')
  // What follows UNKNOWN is ignored (section 2.1).
  if (family === 'UNKNOWN') return { kind: 'complete', length, client: null }
  const version = families.get(family)
  if (version === undefined) return malformed('the family is none of TCP4, TCP6, UNKNOWN')
  if (!isAddress(source, version) || !isAddress(destination, version))
    return malformed(`not two addresses of ${family}`)
  if (ports.length !== 2 || !ports.every(isPort)) return malformed('not two ports')
  return { kind: 'complete', length, client: { ip: canonicalAddress(source) ?? source, port: Number(ports[0]) } }
}

/** Without a zone (RFC 4007), which has no meaning on another host. */
function isAddress(text: string, version: 4 | 6): boolean {
  return isIP(text) === version && !text.includes('%')
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= HIGHEST_PORT
}
