// `reports`: the addresses at which the node reads DMARC reports, TLS reports and complaints.

import { z } from 'zod'
import { normalizeMailbox } from '../../smtp/mailbox.ts'
import { section } from '../section.ts'
import { duration, hostName, text } from '../values.ts'

const DAY_MS = 86_400_000

const addresses = (what: string) =>
  z.array(text('an address'), { error: 'a list of addresses' }).default([]).describe(what)

const schema = z.strictObject({
  dmarc: addresses('Addresses of `rua` in DMARC records, in domains of ours.'),
  tls: addresses('Addresses of `rua` in TLSRPT records, in domains of ours.'),
  complaints: addresses('Addresses for feedback loops of mail providers (ARF), in domains of ours.'),
  forward_to: text('an address').optional().describe('Address that gets a copy of each report; default: no copy.'),
  domains: z
    .array(hostName, { error: 'a list of domains' })
    .default([])
    .describe('Domains, in addition to ours, about which the node takes reports, with their subdomains.'),
  keep: duration.prefault('400d').describe('Age at which a report is removed.'),
  send: z
    .strictObject({
      from: text('an address').describe('Author of the reports, in a domain of ours with a DKIM key.'),
      org: text('a name').describe('Name of the organization in the reports.'),
      except: z
        .array(hostName, { error: 'a list of domains' })
        .default([])
        .describe('Domains that get no reports, with their subdomains.'),
    })
    .optional()
    .describe('Send DMARC aggregate reports about received mail, once a day; default: none.'),
})

const kinds = ['dmarc', 'tls', 'complaints'] as const

export interface ReportsConfig extends Omit<z.output<typeof schema>, (typeof kinds)[number]> {
  /** Every address, in normal form. */
  readonly addresses: readonly string[]
}

export const reports = section(
  schema.optional().describe('Reports that other organizations send about our mail; without it none are read.'),
  (written, reader): ReportsConfig | null => {
    if (written === undefined) return null
    const read = (path: readonly (string | number)[], address: string) => {
      const normal = normalizeMailbox(address)
      if (normal === null)
        reader.report(path, `found "${address}", expected an address such as dmarc-reports@example.org`)
      return normal ?? []
    }
    const found = kinds.flatMap((kind) => written[kind].flatMap((one, index) => read([kind, index], one)))
    if (kinds.every((kind) => written[kind].length === 0) && written.send === undefined)
      reader.report([], 'found no address, expected at least one under dmarc, tls or complaints, or send')
    if (written.send !== undefined) read(['send', 'from'], written.send.from)
    if (written.forward_to !== undefined) read(['forward_to'], written.forward_to)
    if (written.forward_to !== undefined && found.includes(normalizeMailbox(written.forward_to) ?? ''))
      reader.report(['forward_to'], `found ${written.forward_to}, expected an address at which no reports are read`)
    if (written.keep < DAY_MS) reader.report(['keep'], 'found less than a day, expected 1d or more')
    const { dmarc: _, tls: __, complaints: ___, ...rest } = written
    return { ...rest, addresses: [...new Set(found)] }
  },
)
