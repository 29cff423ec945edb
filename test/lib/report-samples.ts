// Reports for tests, written by hand from the schemas of RFC 7489 Appendix C, RFC 9990 Appendix A, RFC 8460 and RFC 5965, and messages with
// them.

/** 2026-11-28 00:00 UTC. */
export const BEGIN = Date.UTC(2026, 10, 28)
export const END = BEGIN + 86_400_000 - 1000

export interface DmarcSample {
  readonly org?: string
  readonly id?: string
  readonly domain?: string
  /** RFC 9990 with its namespace, the same without it, or RFC 7489. */
  readonly format?: 'rfc9990' | 'rfc9990-without-namespace' | 'rfc7489'
  readonly records?: readonly string[]
  /** Unix milliseconds. */
  readonly begin?: number
}

export function dmarcXml(sample: DmarcSample = {}): string {
  const {
    org = 'reporter.example',
    id = 'report-1',
    domain = 'example.org',
    format = 'rfc9990',
    begin = BEGIN,
  } = sample
  const isNew = format !== 'rfc7489'
  const records = sample.records ?? [dmarcRecord()]
  const policy = isNew
    ? '<discovery_method>treewalk</discovery_method><p>reject</p><sp>reject</sp><np>reject</np><fo>1</fo><adkim>r</adkim><aspf>r</aspf><testing>n</testing>'
    : '<adkim>r</adkim><aspf>r</aspf><p>quarantine</p><sp>none</sp><pct>100</pct>'
  return `<?xml version="1.0" encoding="UTF-8"?>
<feedback${format === 'rfc9990' ? ' xmlns="urn:ietf:params:xml:ns:dmarc-2.0"' : ''}>
  <version>1.0</version>
  <report_metadata>
    <org_name>${org}</org_name><email>dmarc@${org}</email>
    <report_id>${id}</report_id>
    <date_range><begin>${begin / 1000}</begin><end>${begin / 1000 + 86_399}</end></date_range>
    ${isNew ? '<generator>Samples 1</generator>' : ''}
  </report_metadata>
  <policy_published><domain>${domain}</domain>${policy}</policy_published>
  ${records.join('\n  ')}
</feedback>
`
}

export interface RecordSample {
  readonly source?: string
  readonly count?: number | string
  readonly disposition?: string
  readonly dkim?: boolean
  readonly spf?: boolean
  readonly from?: string
  /** XML of the reasons. */
  readonly reason?: string
  /** XML of the signatures and of SPF. */
  readonly results?: string
}

export function dmarcRecord(sample: RecordSample = {}): string {
  const {
    source = '192.0.2.25',
    count = 2,
    disposition = 'none',
    dkim = true,
    spf = true,
    from = 'example.org',
  } = sample
  const word = (pass: boolean) => (pass ? 'pass' : 'fail')
  const results =
    sample.results ??
    `<dkim><domain>${from}</domain><selector>s1</selector><result>${word(dkim)}</result></dkim><spf><domain>${from}</domain><scope>mfrom</scope><result>${word(spf)}</result></spf>`
  return `<record><row><source_ip>${source}</source_ip><count>${count}</count><policy_evaluated><disposition>${disposition}</disposition><dkim>${word(dkim)}</dkim><spf>${word(spf)}</spf>${sample.reason ?? ''}</policy_evaluated></row><identifiers><header_from>${from}</header_from><envelope_from>${from}</envelope_from></identifiers><auth_results>${results}</auth_results></record>`
}

export function tlsJson(changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    'organization-name': 'Reporter',
    'date-range': { 'start-datetime': '2026-11-28T00:00:00Z', 'end-datetime': '2026-11-28T23:59:59Z' },
    'contact-info': 'tls@reporter.example',
    'report-id': 'tls-1@reporter.example',
    policies: [
      {
        policy: {
          'policy-type': 'sts',
          'policy-string': ['version: STSv1', 'mode: enforce'],
          'policy-domain': 'example.org',
          'mx-host': ['mx.example.org'],
        },
        summary: { 'total-successful-session-count': 40, 'total-failure-session-count': 3 },
        'failure-details': [
          {
            'result-type': 'certificate-expired',
            'sending-mta-ip': '203.0.113.1',
            'receiving-mx-hostname': 'mx.example.org',
            'receiving-ip': '192.0.2.1',
            'failed-session-count': 3,
          },
        ],
      },
    ],
    ...changes,
  })
}

export interface FileSample {
  readonly from?: string
  readonly type: string
  readonly name: string
  readonly content: Buffer
}

/** A message with one file beside a text, as reporters send it. */
export function mailWithFile({ from = 'dmarc@reporter.example', type, name, content }: FileSample): string {
  const lines = content.toString('base64').match(/.{1,76}/g) ?? []
  return [
    `From: Reports <${from}>`,
    'Subject: Report Domain: example.org Submitter: reporter.example Report-ID: <report-1>',
    'Message-ID: <report-1@reporter.example>',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="b"',
    '',
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'This is an aggregate report.',
    '--b',
    `Content-Type: ${type}; name="${name}"`,
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: attachment; filename="${name}"`,
    '',
    ...lines,
    '--b--',
    '',
  ].join('\r\n')
}

export interface ComplaintSample {
  readonly from?: string
  /** Fields of the report in addition to the needed ones. */
  readonly fields?: readonly string[]
  readonly feedbackType?: string
  /** Header section of the original. */
  readonly original?: readonly string[]
}

/** A complaint (RFC 5965 Appendix B). */
export function complaintMail(sample: ComplaintSample = {}): string {
  const { from = 'fbl@provider.example', fields = [], feedbackType = 'abuse', original = [] } = sample
  return [
    `From: <${from}>`,
    'Subject: FW: Earn money',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=feedback-report; boundary="b"',
    '',
    '--b',
    'Content-Type: text/plain; charset="US-ASCII"',
    '',
    'This is an email abuse report.',
    '--b',
    'Content-Type: message/feedback-report',
    '',
    `Feedback-Type: ${feedbackType}`,
    'User-Agent: SomeGenerator/1.0',
    'Version: 1',
    ...fields,
    '',
    '--b',
    'Content-Type: message/rfc822',
    'Content-Disposition: inline',
    '',
    ...original,
    '',
    'Spam Spam Spam',
    '--b--',
    '',
  ].join('\r\n')
}
