// `bounce`: copies of DSNs for operators, and what DSNs contain.

import { z } from 'zod'
import { normalizeMailbox } from '../../smtp/mailbox.ts'
import { section } from '../section.ts'
import { flag, text } from '../values.ts'

const schema = z.strictObject({
  copy_to: text('an address')
    .optional()
    .describe('Address that gets a copy of every failure report, with the details that the sender does not get.'),
  double_bounces_to: text('an address')
    .optional()
    .describe('Address that gets a report when mail with the null sender fails; default: no report.'),
  dsn_expanded: flag
    .default(false)
    .describe('On success, report `expanded` if an alias has several targets (RFC 3461 5.2.7.3).'),
})

export const bounce = section(schema.prefault({}).describe('Delivery status notifications.'), (written, reader) => {
  for (const key of ['copy_to', 'double_bounces_to'] as const) {
    const address = written[key]
    if (address !== undefined && normalizeMailbox(address) === null)
      reader.report([key], `found "${address}", expected an address such as postmaster@example.org`)
  }
  return written
})
