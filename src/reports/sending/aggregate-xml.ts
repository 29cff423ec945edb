// Writes a DMARC aggregate report (RFC 9990 section 3.1 and Appendix A).

import type { CountedResult } from './result-tally.ts'
import type { ReportedRecord } from './dmarc-record.ts'

export interface AggregateFacts {
  readonly org: string
  readonly email: string
  readonly reportId: string
  /** `2026-11-29`, UTC. */
  readonly day: string
  readonly policyDomain: string
  readonly record: Omit<ReportedRecord, 'addresses'>
  /** Messages with results that did not fit. */
  readonly omitted: number
}

const DAY_SECONDS = 86_400
const NAMESPACE = 'urn:ietf:params:xml:ns:dmarc-2.0'

export function writeAggregate(facts: AggregateFacts, results: readonly CountedResult[]): string {
  const { org, email, reportId, policyDomain, record, omitted } = facts
  const { begin, end } = periodOf(facts.day)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<feedback xmlns="${NAMESPACE}">`,
    '<version>1.0</version>',
    '<report_metadata>',
    leaf('org_name', org),
    leaf('email', email),
    leaf('report_id', reportId),
    `<date_range>${leaf('begin', String(begin))}${leaf('end', String(end))}</date_range>`,
    ...(omitted > 0 ? [leaf('error', `${omitted} messages with further results are not listed`)] : []),
    leaf('generator', 'Waypost'),
    '</report_metadata>',
    '<policy_published>',
    leaf('domain', policyDomain),
    leaf('discovery_method', 'treewalk'),
    leaf('p', record.p),
    ...optional({ sp: record.sp, np: record.np, fo: record.fo }),
    leaf('adkim', record.adkim),
    leaf('aspf', record.aspf),
    leaf('testing', record.testing ? 'y' : 'n'),
    '</policy_published>',
    ...results.map(recordOf),
    '</feedback>',
    '',
  ].join('\n')
}

/** Unix seconds, both ends included. */
export function periodOf(day: string): { readonly begin: number; readonly end: number } {
  const begin = Date.parse(`${day}T00:00:00Z`) / 1000
  return { begin, end: begin + DAY_SECONDS - 1 }
}

function recordOf({ result, count }: CountedResult): string {
  const { source, disposition, dkim, spf, reason, headerFrom, envelopeFrom, signatures, spfResult } = result
  const word = (pass: boolean) => (pass ? 'pass' : 'fail')
  const evaluated = [
    leaf('disposition', disposition),
    leaf('dkim', word(dkim)),
    leaf('spf', word(spf)),
    ...(reason === null ? [] : [`<reason>${leaf('type', reason)}</reason>`]),
  ]
  const signed = signatures.map(
    (one) => `<dkim>${leaf('domain', one.domain)}${leaf('selector', one.selector)}${leaf('result', one.result)}</dkim>`,
  )
  const sender =
    envelopeFrom === ''
      ? ''
      : `<spf>${leaf('domain', envelopeFrom)}${leaf('scope', 'mfrom')}${leaf('result', spfResult)}</spf>`
  return [
    '<record>',
    `<row>${leaf('source_ip', source)}${leaf('count', String(count))}<policy_evaluated>${evaluated.join('')}</policy_evaluated></row>`,
    `<identifiers>${leaf('header_from', headerFrom)}${leaf('envelope_from', envelopeFrom)}</identifiers>`,
    `<auth_results>${signed.join('')}${sender}</auth_results>`,
    '</record>',
  ].join('')
}

function optional(values: Readonly<Record<string, string | null>>): readonly string[] {
  return Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [leaf(name, value)]))
}

const marks: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

/** Strangers choose selectors, and the texts of a record. */
function leaf(name: string, text: string): string {
  const clean = text.replace(/[^\t\u0020-\ud7ff\ue000-\ufffd]/g, ' ').replace(/[&<>]/g, (mark) => marks[mark] ?? mark)
  return `<${name}>${clean}</${name}>`
}
