// Personal data in the store of reports: complaints, and reports of and for other organisations.

import type { FilePlace } from './place.ts'

const REPORTS_KEPT =
  'Reports of others: `reports.keep`. Complaints: at most `privacy.forget.accounts`. Own results: until the report is sent.'

export const reportsPlace: FilePlace = {
  file: 'reports.db',
  kind: 'database',
  holds:
    'DMARC and TLS reports of other organisations, complaints about our mail, and results of our checks for our own DMARC reports. They name mail hosts, domains, and the account of mail that someone complained about.',
  purpose: 'To see who sends in the name of our domains, and to stop mail that people complain about.',
  readers: '`waypost report`; our own DMARC reports go to the domain that they are about.',
  kept: REPORTS_KEPT,
  erased: 'The account and addresses are replaced in complaints and contacts.',
  tables: {
    reports: {
      erasure: 'replace',
      columns: {
        id: 'open',
        kind: 'open',
        proven: 'open',
        org: 'text',
        report_id: 'text',
        domain: 'open',
        begin_at: 'open',
        end_at: 'open',
        received_at: 'open',
        queue_id: 'open',
        details: 'text',
        rows: 'open',
      },
    },
    dmarc_records: {
      columns: {
        report: 'open',
        source: 'open',
        count: 'open',
        disposition: 'open',
        dkim: 'open',
        spf: 'open',
        header_from: 'open',
        envelope_from: 'open',
        details: 'open',
      },
    },
    tls_policies: { columns: { report: 'open', type: 'open', domain: 'open', successes: 'open', failures: 'open' } },
    tls_failures: {
      columns: {
        report: 'open',
        domain: 'open',
        result_type: 'open',
        sending_ip: 'open',
        mx: 'open',
        count: 'open',
        reason: 'open',
      },
    },
    complaints: {
      erasure: 'replace',
      columns: {
        queue_id: 'open',
        received_at: 'open',
        proven: 'open',
        feedback_type: 'open',
        user_agent: 'open',
        source_ip: 'open',
        reported_domain: 'open',
        arrived_at: 'open',
        incidents: 'open',
        message_id: 'message-id',
        author_domain: 'open',
        original: 'open',
        account: 'origin',
        hops: 'open',
      },
    },
    results: { columns: { day: 'open', policy_domain: 'open', result: 'open', count: 'open' } },
    result_days: {
      columns: { day: 'open', policy_domain: 'open', organization: 'open', rows: 'open', omitted: 'open' },
    },
  },
}
