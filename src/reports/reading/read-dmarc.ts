// DMARC aggregate reports: XML of RFC 7489 Appendix C and of RFC 9990 Appendix A, which differ in a namespace and in some elements. Reporters
// leave the namespace out, so only the names of the elements count.

import { canonicalAddress } from '../../lib/ip-address.ts'
import type { DmarcRecord, DmarcReport, PublishedPolicy } from '../report-content.ts'
import { cleanDomain, cleanOrNull, cleanText } from './clean-text.ts'
import { MOST_NOTES, MOST_RECORDS, MOST_SIGNATURES } from './reading-limits.ts'
import { readXml } from './read-xml.ts'
import { readPeriod } from './report-period.ts'
import { Unreadable } from './unreadable.ts'

/** RFC 9990 Appendix A. */
const NAMESPACE = 'urn:ietf:params:xml:ns:dmarc-2.0'
/** A count beyond it is no count of messages. */
const MOST_MESSAGES = 1e12

type Texts = Map<string, string>
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }
type Row = Mutable<DmarcRecord> & {
  reasons: { type: string; comment: string }[]
  signatures: { domain: string; selector: string; result: string }[]
  senders: { domain: string; result: string }[]
}

/** @throws {Unreadable} with the reason */
export function readDmarc(octets: Buffer, now: number): DmarcReport {
  const texts: Texts = new Map()
  const records: DmarcRecord[] = []
  const errors: string[] = []
  let record: Texts = new Map()
  let row = emptyRow()
  let namespace: string | null = null
  readXml(octets, {
    root: (element) => {
      if (element.name !== 'feedback')
        throw new Unreadable(`the XML element ${cleanText(element.name)} is no DMARC report, expected feedback`)
      namespace = element.namespace
    },
    ended: (path, text) => {
      if (path === 'record') {
        records.push(finishRecord(row, record, records.length + 1))
        row = emptyRow()
        record = new Map()
      } else if (path.startsWith('record/')) readPart(path.slice('record/'.length), text, { row, record })
      else if (path === 'report_metadata/error' && errors.length < MOST_NOTES) errors.push(cleanText(text))
      else if (text !== '') texts.set(path, text)
      if (records.length > MOST_RECORDS) throw new Unreadable(`more than ${MOST_RECORDS} records`)
    },
  })
  if (records.length === 0) throw new Unreadable('the report has no record')
  return { ...finish(texts, { isNew: namespace === NAMESPACE, now }), errors, records }
}

function emptyRow(): Row {
  return {
    source: '',
    count: 0,
    disposition: 'none',
    dkim: false,
    spf: false,
    reasons: [],
    headerFrom: '',
    envelopeFrom: null,
    signatures: [],
    senders: [],
  }
}

/** Elements that occur once are kept by name; those that repeat are collected when they end. */
function readPart(path: string, text: string, { row, record }: { readonly row: Row; readonly record: Texts }): void {
  const taken = (name: string) => {
    const value = record.get(`${path}/${name}`) ?? ''
    record.delete(`${path}/${name}`)
    return value
  }
  if (path === 'row/policy_evaluated/reason') {
    const reason = { type: cleanText(taken('type')), comment: cleanText(taken('comment')) }
    if (row.reasons.length < MOST_NOTES) row.reasons.push(reason)
  } else if (path === 'auth_results/dkim') {
    const [domain, selector] = [cleanDomain(taken('domain')), cleanText(taken('selector'))]
    const found = { domain, selector, result: cleanText(taken('result')).toLowerCase() }
    if (row.signatures.length < MOST_SIGNATURES) row.signatures.push(found)
  } else if (path === 'auth_results/spf') {
    const found = { domain: cleanDomain(taken('domain')), result: cleanText(taken('result')).toLowerCase() }
    if (row.senders.length < MOST_NOTES) row.senders.push(found)
  } else record.set(path, text)
}

function finishRecord(row: Row, record: Texts, number: number): DmarcRecord {
  const get = (path: string) => record.get(path)?.trim() ?? ''
  const wrong = (what: string) => new Unreadable(`record ${number}: ${what}`)
  const source = canonicalAddress(get('row/source_ip'))
  if (source === null) throw wrong(`source_ip "${cleanText(get('row/source_ip'))}" is no IP address`)
  const count = Number(get('row/count') || Number.NaN)
  if (!Number.isInteger(count) || count < 0 || count > MOST_MESSAGES)
    throw wrong(`count "${cleanText(get('row/count'))}" is no number of messages`)
  const headerFrom = cleanDomain(get('identifiers/header_from'))
  if (headerFrom === '') throw wrong('there is no header_from')
  const envelopeFrom = cleanDomain(get('identifiers/envelope_from'))
  return {
    ...row,
    source,
    count,
    disposition: dispositionOf(get('row/policy_evaluated/disposition')),
    dkim: get('row/policy_evaluated/dkim').toLowerCase() === 'pass',
    spf: get('row/policy_evaluated/spf').toLowerCase() === 'pass',
    headerFrom,
    envelopeFrom: envelopeFrom === '' ? null : envelopeFrom,
  }
}

/** Some reporters write other words for nothing that was done. */
function dispositionOf(text: string): DmarcRecord['disposition'] {
  const word = text.toLowerCase()
  return word === 'quarantine' || word === 'reject' || word === 'pass' ? word : 'none'
}

function finish(
  texts: Texts,
  { isNew, now }: { readonly isNew: boolean; readonly now: number },
): Omit<DmarcReport, 'errors' | 'records'> {
  const needed = (path: string) => {
    const text = cleanText(texts.get(path) ?? '')
    if (text === '') throw new Unreadable(`the report has no ${path.split('/').at(-1)}`)
    return text
  }
  const seconds = (path: string) => Number(texts.get(`report_metadata/date_range/${path}`) ?? Number.NaN) * 1000
  const contact = cleanOrNull(texts.get('report_metadata/email'))
  const policy = policyOf(texts, needed)
  const generator = cleanOrNull(texts.get('report_metadata/generator'))
  // The namespace is often left out; these elements are in RFC 9990 only.
  const hasNew = [policy.np, policy.testing, policy.discovery, generator].some((one) => one !== null)
  return {
    kind: 'dmarc',
    format: isNew || (hasNew && policy.pct === null) ? 'rfc9990' : 'rfc7489',
    org: cleanOrNull(texts.get('report_metadata/org_name')) ?? contact ?? needed('report_metadata/org_name'),
    contact,
    reportId: needed('report_metadata/report_id'),
    ...readPeriod(seconds('begin'), seconds('end'), now),
    policy,
    generator,
  }
}

function policyOf(texts: Texts, needed: (path: string) => string): PublishedPolicy {
  const get = (name: string) => cleanOrNull(texts.get(`policy_published/${name}`))?.toLowerCase() ?? null
  const [pct, testing] = [get('pct'), get('testing')]
  return {
    domain: cleanDomain(needed('policy_published/domain')),
    p: get('p'),
    sp: get('sp'),
    np: get('np'),
    adkim: get('adkim'),
    aspf: get('aspf'),
    fo: get('fo'),
    testing: testing === null ? null : testing === 'y',
    pct: pct !== null && /^\d{1,3}$/.test(pct) ? Number(pct) : null,
    discovery: get('discovery_method'),
  }
}
