// TLS reports (RFC 8460 section 4): JSON.

import { z } from 'zod'
import { canonicalAddress } from '../../lib/ip-address.ts'
import type { TlsPolicyResult, TlsReport } from '../report-content.ts'
import { cleanDomain, cleanOrNull, cleanText } from './clean-text.ts'
import { MOST_JSON_DEPTH, MOST_JSON_OCTETS, MOST_RECORDS } from './reading-limits.ts'
import { readPeriod } from './report-period.ts'
import { Unreadable } from './unreadable.ts'

const count = z.coerce.number().int().min(0).max(1e12)
const text = z.string()

const failure = z.object({
  'result-type': text,
  'sending-mta-ip': text.optional(),
  'receiving-mx-hostname': text.optional(),
  'failed-session-count': count,
  'failure-reason-code': text.nullish(),
  // RFC 8460 4.4 writes this name in its text and the other one in its example.
  'failure-error-code': text.nullish(),
})

const schema = z.object({
  'organization-name': text,
  'date-range': z.object({ 'start-datetime': text, 'end-datetime': text }),
  'contact-info': text.nullish(),
  'report-id': text,
  policies: z.array(
    z.object({
      policy: z.object({ 'policy-type': text, 'policy-domain': text }),
      summary: z.object({ 'total-successful-session-count': count, 'total-failure-session-count': count }),
      'failure-details': z.array(failure).nullish(),
    }),
  ),
})

type Written = z.output<typeof schema>['policies'][number]

/** @throws {Unreadable} with the reason */
export function readTls(octets: Buffer, now: number): TlsReport {
  const written = parse(octets)
  const { 'date-range': range, policies } = written
  const records = policies.length + policies.reduce((sum, one) => sum + (one['failure-details']?.length ?? 0), 0)
  if (records > MOST_RECORDS) throw new Unreadable(`more than ${MOST_RECORDS} policies and failures`)
  if (policies.length === 0) throw new Unreadable('the report has no policy')
  const [org, reportId] = [cleanText(written['organization-name']), cleanText(written['report-id'])]
  if (org === '' || reportId === '') throw new Unreadable('the report has no organization-name or no report-id')
  return {
    kind: 'tls',
    org,
    contact: cleanOrNull(written['contact-info']),
    reportId,
    ...readPeriod(Date.parse(range['start-datetime']), Date.parse(range['end-datetime']), now),
    policies: policies.map(policyOf),
  }
}

function parse(octets: Buffer): z.output<typeof schema> {
  if (octets.length > MOST_JSON_OCTETS) throw new Unreadable(`more than ${MOST_JSON_OCTETS} octets of JSON`)
  const json = octets.toString('utf8').replace(/^\ufeff/, '')
  if (depthOf(json) > MOST_JSON_DEPTH) throw new Unreadable(`JSON with more than ${MOST_JSON_DEPTH} levels`)
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw new Unreadable(`the JSON cannot be parsed: ${cleanText((error as Error).message)}`)
  }
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw new Unreadable(`no TLS report: ${issue?.path.join('.') || 'the JSON'}: ${cleanText(issue?.message ?? '')}`)
}

/** The most objects and arrays within each other. Brackets in strings do not count. */
function depthOf(json: string): number {
  let [depth, most] = [0, 0]
  for (const [mark] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (mark === '{' || mark === '[') most = Math.max(most, ++depth)
    else if (mark === '}' || mark === ']') depth--
  }
  return most
}

function policyOf({ policy, summary, 'failure-details': details }: Written): TlsPolicyResult {
  return {
    type: cleanText(policy['policy-type']).toLowerCase(),
    domain: cleanDomain(policy['policy-domain']),
    successes: summary['total-successful-session-count'],
    failures: summary['total-failure-session-count'],
    details: (details ?? []).map((one) => ({
      resultType: cleanText(one['result-type']).toLowerCase(),
      sendingIp: canonicalAddress(one['sending-mta-ip'] ?? ''),
      mx: cleanOrNull(one['receiving-mx-hostname']),
      count: one['failed-session-count'],
      reason: cleanOrNull(one['failure-reason-code'] ?? one['failure-error-code']),
    })),
  }
}
