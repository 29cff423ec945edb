// Keys of mail authentication: DKIM keys, ARC seals, the result of DMARC, and the name in Authentication-Results.

import { z } from 'zod'
import { asciiDomain } from '../../smtp/domain.ts'
import { normalizeMailbox } from '../../smtp/mailbox.ts'
import { plainSection, section } from '../section.ts'
import { flag, hostName, path } from '../values.ts'

const authorPattern = z.string({ error: 'an address or a domain' }).transform((written, context) => {
  const author = written.includes('@') ? normalizeMailbox(written) : asciiDomain(written)
  if (author !== null) return author.toLowerCase()
  context.addIssue({ code: 'custom', message: 'an address such as news@example.org or a domain such as example.org' })
  return z.NEVER
})

const serviceDomain = z.string({ error: 'a domain' }).transform((written, context) => {
  const isWide = written.startsWith('*.')
  const domain = asciiDomain(isWide ? written.slice(2) : written)
  // `*.com` would admit every sender.
  if (domain?.includes('.')) return `${isWide ? '*.' : ''}${domain}`
  context.addIssue({ code: 'custom', message: 'a domain such as news.example.net or *.news.example.net' })
  return z.NEVER
})

export const dkim = section(
  z
    .strictObject({ keys: path.describe('Directory of signing keys.') })
    .optional()
    .describe('DKIM signatures.'),
  (written, { locate }) => written && { keys: locate(written.keys) },
)

export const arc = plainSection(
  z
    .strictObject({
      seal: flag
        .default(false)
        .describe('Add an ARC set (RFC 8617) with the results of the checks to forwarded mail, sealed with our key.'),
    })
    .prefault({})
    .describe('ARC seals of forwarded mail.'),
)

export const authserv_id = plainSection(
  hostName.optional().describe('Identity in Authentication-Results, the same on all nodes; default: the main domain.'),
)

const outsideService = z.strictObject({
  authors: z
    .array(authorPattern, { error: 'a list of addresses or domains' })
    .min(1, { error: 'at least one address or domain' })
    .describe('Addresses or domains of ours that the service may use in From.'),
  spf: serviceDomain
    .optional()
    .describe('Domain for which SPF must pass, the one in the MAIL FROM of the service; `*.` includes its subdomains.'),
  dkim: serviceDomain.optional().describe('Domain (d=) of a valid signature. With `spf` and `dkim`, both must hold.'),
})

export const dmarc = section(
  z
    .strictObject({
      reject: flag
        .default(false)
        .describe(
          'Reject mail that fails a DMARC policy of reject, and mail with several author domains, to which no policy applies.',
        ),
      own_domains: z
        .enum(['refuse', 'carry'], { error: 'one of refuse, carry' })
        .default('refuse')
        .describe(
          'Mail that fails DMARC for a domain of ours whose policy is not none, whatever `reject` says. refuse: reject it; ' +
            'carry: accept it, and forward it with an envelope that does not align.',
        ),
      outside_services: z
        .array(outsideService)
        .default([])
        .describe('Services that may write as our domains without passing DMARC, with what they prove instead.'),
      unclear_author: z
        .enum(['wrap', 'refuse'], { error: 'one of wrap, refuse' })
        .default('wrap')
        .describe(
          'Mail whose From names no author, several, or none that can be read with certainty. wrap: attach it to a message of ours ' +
            'where it is forwarded; refuse: reject it.',
        ),
    })
    .prefault({})
    .describe('Treatment of DMARC results.'),
  (written, reader) => {
    for (const [index, { spf, dkim }] of written.outside_services.entries())
      if (spf === undefined && dkim === undefined)
        reader.report(
          ['outside_services', index],
          'found neither spf nor dkim, expected at least one: without a proof every client could use the addresses',
        )
    return written
  },
)
