// `tls_reports`: reports to other domains about TLS with their mail hosts.

import { z } from 'zod'
import { normalizeMailbox } from '../../smtp/mailbox.ts'
import { section } from '../section.ts'
import { hostName, text } from '../values.ts'

/** Domains that are asked for each session. */
const MAX_EXCLUDED = 1000

const schema = z.strictObject({
  contact: text('an address or URL').describe('Address or URL for questions about the reports, which contain it.'),
  organization: text('a name')
    .max(100, { error: 'at most 100 characters' })
    .optional()
    .describe('Name of the organization in the reports; the main domain if absent.'),
  from: text('an address')
    .optional()
    .describe('Author of reports by mail; `postmaster` if absent. Its domain needs an active DKIM key.'),
  exclude: z
    .array(hostName)
    .max(MAX_EXCLUDED, { error: `at most ${MAX_EXCLUDED} domains` })
    .default([])
    .describe('Domains that get no report, such as our own.'),
})

export const tls_reports = section(
  schema.optional().describe('TLS reports (RFC 8460) to the domains that mail goes to, if they ask for them.'),
  (written, reader) => {
    if (written === undefined) return null
    const { contact, from } = written
    if (normalizeMailbox(contact) === null && URL.parse(contact)?.protocol !== 'https:')
      reader.report(['contact'], `found "${contact}", expected an address or an https: URL`)
    if (from !== undefined && normalizeMailbox(from) === null)
      reader.report(['from'], `found "${from}", expected an address such as postmaster@example.org`)
    return written
  },
)
