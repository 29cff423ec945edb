// DMARC aggregate reports of both schemas, and XML that is none or wants to unfold.

import { describe, expect, it } from 'vitest'
import { BEGIN, dmarcRecord, dmarcXml, END } from '../../../test/lib/report-samples.ts'
import { readDmarc } from './read-dmarc.ts'

const NOW = BEGIN + 2 * 86_400_000
const read = (xml: string | Buffer) => readDmarc(Buffer.from(xml), NOW)

describe('a report', () => {
  it('of RFC 9990', () => {
    const reason =
      '<reason><type>local_policy</type><comment>arc=pass</comment></reason><reason><type>other</type></reason>'
    const results =
      '<dkim><domain>Example.ORG.</domain><selector>s1</selector><result>pass</result><human_result>x</human_result></dkim>' +
      '<dkim><domain>other.example</domain><selector>s2</selector><result>FAIL</result></dkim>'
    const record = dmarcRecord({ source: '2001:DB8::0:1', disposition: 'pass', spf: false, reason, results })
    expect(read(dmarcXml({ records: [record, dmarcRecord()] }))).toEqual({
      kind: 'dmarc',
      format: 'rfc9990',
      org: 'reporter.example',
      contact: 'dmarc@reporter.example',
      reportId: 'report-1',
      begin: BEGIN,
      end: END,
      policy: {
        domain: 'example.org',
        p: 'reject',
        sp: 'reject',
        np: 'reject',
        adkim: 'r',
        aspf: 'r',
        fo: '1',
        testing: false,
        pct: null,
        discovery: 'treewalk',
      },
      generator: 'Samples 1',
      errors: [],
      records: [
        {
          source: '2001:db8::1',
          count: 2,
          disposition: 'pass',
          dkim: true,
          spf: false,
          reasons: [
            { type: 'local_policy', comment: 'arc=pass' },
            { type: 'other', comment: '' },
          ],
          headerFrom: 'example.org',
          envelopeFrom: 'example.org',
          signatures: [
            { domain: 'example.org', selector: 's1', result: 'pass' },
            { domain: 'other.example', selector: 's2', result: 'fail' },
          ],
          senders: [],
        },
        expect.objectContaining({ source: '192.0.2.25', senders: [{ domain: 'example.org', result: 'pass' }] }),
      ],
    })
  })

  it('of RFC 9990 without the namespace, and of RFC 7489', () => {
    expect(read(dmarcXml({ format: 'rfc9990-without-namespace' })).format).toBe('rfc9990')
    expect(read(dmarcXml({ format: 'rfc7489' }))).toMatchObject({
      format: 'rfc7489',
      policy: { p: 'quarantine', pct: 100, np: null, testing: null },
    })
  })

  it('with a prefix for every element, an extension and errors', () => {
    const prefixed = dmarcXml({ format: 'rfc7489' })
      .replace(/<(\/?)(?=[a-z])/g, '<$1d:')
      .replace('<d:feedback', '<d:feedback xmlns:d="urn:ietf:params:xml:ns:dmarc-2.0"')
      .replace('</d:record>', '<ext:row xmlns:ext="x"><ext:count>999</ext:count></ext:row></d:record>')
      .replace('<d:date_range>', '<d:error>two records</d:error><d:date_range>')
    expect(read(prefixed)).toMatchObject({ format: 'rfc9990', errors: ['two records'], records: [{ count: 2 }] })
  })

  it('in another encoding, and with a byte order mark', () => {
    const latin = dmarcXml({ org: 'R\u00e9seau' }).replace('UTF-8', 'windows-1252')
    expect(read(Buffer.from(latin, 'latin1')).org).toBe('R\u00e9seau')
    const wide = Buffer.from(`\ufeff${dmarcXml().replace(' encoding="UTF-8"', '')}`, 'utf16le')
    expect(read(wide).org).toBe('reporter.example')
    expect(read(`\ufeff\n${dmarcXml()}`).org).toBe('reporter.example')
  })

  it('whose texts have control characters or no end', () => {
    const { org, records } = read(
      dmarcXml({
        org: `a\u202e${'b'.repeat(1000)}`,
        records: [dmarcRecord({ reason: '<reason><type>x&#10;y</type></reason>' })],
      }),
    )
    expect(org).toBe(`a ${'b'.repeat(253)}`)
    expect(records[0]?.reasons).toEqual([{ type: 'x y', comment: '' }])
  })
})

describe('what is refused, with its place', () => {
  it.each([
    [
      'a document type',
      '<?xml version="1.0"?><!DOCTYPE f [<!ENTITY a "b">]><feedback/>',
      /line 1, column \d+: a document type/,
    ],
    ['an entity', dmarcXml({ org: '&lol;' }), /XML line 5, column \d+: undefined entity/],
    ['another root', '<html></html>', 'the XML element html is no DMARC report'],
    ['no end', dmarcXml().slice(0, -15), /XML line \d+/],
    ['no XML', '<feedback><<', /XML line 1/],
    ['deep elements', `<feedback>${'<a>'.repeat(20)}`, 'more than 12 elements within each other'],
    ['long text', dmarcXml({ org: 'x'.repeat(70_000) }), 'more than 65536 characters of text'],
    ['no record', dmarcXml({ records: [] }), 'the report has no record'],
    ['no ID', dmarcXml({ id: ' ' }), 'the report has no report_id'],
    ['no domain', dmarcXml({ domain: '' }), 'the report has no domain'],
    [
      'a bad source',
      dmarcXml({ records: [dmarcRecord(), dmarcRecord({ source: 'x' })] }),
      'record 2: source_ip "x" is no IP',
    ],
    ['a bad count', dmarcXml({ records: [dmarcRecord({ count: '1e99' })] }), 'record 1: count "1e99" is no number'],
    ['no author', dmarcXml({ records: [dmarcRecord({ from: '' })] }), 'record 1: there is no header_from'],
    ['an unknown encoding', dmarcXml().replace('UTF-8', 'klingon'), 'the XML has the encoding klingon'],
    ['the future', dmarcXml({ begin: NOW + 9 * 86_400_000 }), 'the period of the report cannot be true'],
    ['no period', dmarcXml().replace(/<begin>.*<\/begin>/, ''), 'the report has no period'],
    ['a long period', dmarcXml().replace(/<begin>\d+/, '<begin>1700000000'), 'ends before it begins, or is too long'],
  ])('%s', (_, xml, reason) => {
    expect(() => read(xml)).toThrow(reason)
  })

  it('too many records', () => {
    const records = Array.from({ length: 50_001 }, () => dmarcRecord({ results: '<dkim/>' }))
    expect(() => read(dmarcXml({ records }))).toThrow('more than 50000 records')
  })
})

it('keeps a bounded number of signatures and reasons', () => {
  const results = '<dkim><domain>a.example</domain><result>pass</result></dkim>'.repeat(300)
  const reason = '<reason><type>other</type></reason>'.repeat(50)
  const [record] = read(dmarcXml({ records: [dmarcRecord({ results, reason })] })).records
  expect([record?.signatures.length, record?.reasons.length]).toEqual([100, 20])
})
