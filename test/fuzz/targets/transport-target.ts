// What recipient domains and DNS servers send about transport security: policies, records, certificates, signed answers. The first octet of an
// input says which of them it is.

import { formatStsPolicy, matchesMx, MOST_MAX_AGE, parseStsPolicy } from '../../../src/mta-sts/sts-policy.ts'
import { readStsRecord } from '../../../src/mta-sts/sts-record.ts'
import { encodeUpdate } from '../../../src/published/dynamic-update.ts'
import { signRequest, verifyAnswer } from '../../../src/published/tsig.ts'
import { readReportUri, readRuaRecord } from '../../../src/tls-reports/rua-record.ts'
import { pathLength, readCertificateParts } from '../../../src/x509/certificate-parts.ts'
import { DerError, elementsIn } from '../../../src/x509/der-reader.ts'
import { type FuzzTarget, same } from '../fuzz-target.ts'

export const transportTarget: FuzzTarget = {
  name: 'transport',
  holds:
    'Nothing throws; a policy that is written and read again is the same and within its limits; no answer of a DNS server counts as signed.',
  most: 3000,
  words: [
    'version: STSv1\r\n',
    'mode: enforce\n',
    'mx: *.example.org\r\n',
    'max_age: 604800\n',
    'v=STSv1; id=1;',
    'v=TLSRPTv1;rua=mailto:a@example.org,https://example.org/r',
    'mailto:%40',
    '\x30\x82',
    '\x30\x80',
    '\x06\x03\x55\x1d\x13',
    '\xa3\x10',
    '\0\xfa\0\xff\0\0\0\0',
    '\xc0\x0c',
    '\0\0\0\x01',
  ],
  open: () => ({ run }),
}

const readers: Readonly<Record<string, (octets: Buffer) => string>> = {
  p: readPolicy,
  t: (octets) => readStsRecord([[octets]]).kind,
  r: readReports,
  c: readCertificate,
  d: readAnswer,
}

function run(input: Buffer): string {
  const [first = ''] = input.toString('latin1')
  const read = readers[first]
  return read ? `${first} ${read(input.subarray(1))}` : 'none'
}

function readPolicy(octets: Buffer): string {
  const parsed = parseStsPolicy(octets.toString('utf8'))
  if (parsed.kind === 'invalid') return parsed.cause
  const { policy } = parsed
  same('a policy and what is written of it', parseStsPolicy(formatStsPolicy(policy)), parsed)
  if (policy.maxAge > MOST_MAX_AGE) throw new Error(`it counts for ${policy.maxAge} s`)
  for (const name of policy.mx) {
    // A wildcard is for one label: never for the domain itself.
    if (name.startsWith('*.') && matchesMx(policy, name.slice(2)) && !policy.mx.includes(name.slice(2)))
      if (!policy.mx.includes(`*.${name.slice(2).split('.').slice(1).join('.')}`))
        throw new Error(`${name} fits too much`)
  }
  return `${policy.mode} ${Math.min(policy.mx.length, 5)}`
}

function readReports(octets: Buffer): string {
  const uris = readRuaRecord([[octets]])
  const kinds = uris.map((uri) => readReportUri(uri)?.kind ?? 'lost')
  if (kinds.includes('lost')) throw new Error(`an address of ${JSON.stringify(uris)} cannot be used`)
  return kinds.join(' ')
}

function readCertificate(octets: Buffer): string {
  const count = countElements(octets)
  const parts = readCertificateParts(octets)
  for (const extension of parts?.extensions.values() ?? []) pathLength(extension)
  return parts ? `certificate ${Math.min(parts.extensions.size, 5)}` : `elements ${count}`
}

/** At most 5; -1 for octets that are no DER. */
function countElements(octets: Buffer): number {
  try {
    const elements = [...elementsIn(octets)]
    const length = elements.reduce((sum, { whole }) => sum + whole.length, 0)
    if (length > octets.length) throw new Error(`elements of ${length} octets in ${octets.length}`)
    return Math.min(elements.length, 5)
  } catch (error) {
    if (error instanceof DerError) return -1
    throw error
  }
}

const key = { name: 'update.key', algorithm: 'hmac-sha256', secret: Buffer.alloc(32, 7) } as const
const now = 1_796_000_000_000
const request = {
  ...signRequest(encodeUpdate({ zone: 'example.org', expected: [], changes: [] }, 0x1234), key, now),
  now,
}

function readAnswer(octets: Buffer): string {
  const answer = verifyAnswer(octets, key, request)
  if (answer.kind === 'signed') throw new Error('an answer without the key counts as signed')
  return answer.cause.replaceAll(/\d+/g, '#')
}
