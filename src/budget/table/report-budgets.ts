// Reports of other organizations, which anyone can write.

import type { Budgeted } from '../budget.ts'

const DAY = 24 * 60 * 60_000

export const reportBudgets = {
  reportRecords: {
    kind: 'pool',
    holds: 'Records of reports that are stored',
    capacity: 2_000_000,
    waits: true,
    answer: 'reports without proof give way, the oldest first; after them mail waits in the queue',
    reason:
      'Some 400 MB of disk. An organization with ten large domains gets 3000 records a day, which is 1.2 million in 400 days.',
  },
  reportRecordsOfSender: {
    kind: 'rate',
    holds: 'Records of the reports of one organization',
    per: 'domain that DMARC proves; all reports that nothing proves are one',
    capacity: 100_000,
    halfLifeMs: DAY,
    keys: 10_000,
    answer: 'mail waits in the queue',
    reason: 'The largest reporters send some thousand records about a domain and day.',
  },
  reportResults: {
    kind: 'pool',
    holds:
      'Different results of received mail that are to be reported (`reports.send`), by day and domain; a domain has at most 1000 a day',
    capacity: 300_000,
    answer: 'the message is missing in the report, and is counted',
    reason:
      'Some 100 MB of disk. Strangers can write as any domain. Results leave with their report, after three days at the latest.',
  },
  unreadableReports: {
    kind: 'rate',
    holds: 'Messages that are held because they have no report that can be read',
    per: 'domain that DMARC proves; all that nothing proves are one',
    capacity: 50,
    halfLifeMs: DAY,
    keys: 10_000,
    answer: 'mail waits in the queue and expires there',
    reason: 'An operator looks at each of them. A reporter with a new format has one for each domain and day.',
  },
  allUnreadableReports: {
    kind: 'rate',
    holds: 'The same of all senders',
    per: 'node',
    capacity: 200,
    halfLifeMs: DAY,
    keys: 1,
    answer: 'mail waits in the queue and expires there',
    reason: 'At most 25 MiB each, 5 GB in all. Real addresses get a few in a year.',
  },
} as const satisfies Budgeted
