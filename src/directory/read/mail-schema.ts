// The JSON Schema of mail data, for completion and help in editors. The readers (read-*.ts) decide what is valid.

import { z } from 'zod'
import { forwardTreatments } from '../directory.ts'
import type { OwnSection } from './mail-keys.ts'
import { NAMESPACE, ownSections } from './mail-keys.ts'

const address = z.string().describe('An address, or a bare name of the main domain.')
const domain = z.string().regex(/^[^\s@]+\.[^\s@]+$/)
const names = z.union([z.string(), z.array(z.string())])
const state = z.enum(['present', 'absent', 'ignore'])
const treatment = z
  .enum(forwardTreatments)
  .describe('What to do with a forward that would fail DMARC at its destination.')

const ceiling = z
  .union([z.number().positive(), z.literal('none')])
  .describe('The spam score from which on a message is not forwarded, or none.')

const targetRecord = z
  .strictObject({
    to: names.describe('Where to.'),
    comment: z.string().describe('Shown by explain.').optional(),
    section: z.string().optional(),
    ensure: state.describe('absent removes the entry of a lower level.').optional(),
    tag: z.enum(['keep', 'drop']).describe('Whether targets keep +tag.').optional(),
    send_as: names.describe('Users who may send as this address; none makes it receive-only.').optional(),
    when_dmarc_would_fail: treatment.optional(),
    spam_ceiling: ceiling.optional(),
  })
  .partial({ to: true })
const targets = z.union([address, z.array(z.union([address, z.array(address)])), targetRecord])
const targetMap = z.record(z.string(), targets)
const text = z.union([z.string(), z.null(), z.strictObject({ text: z.string().optional(), ensure: state.optional() })])
const textMap = z.union([z.record(z.string(), text), z.array(address)])

const user = z.union([
  z.null(),
  names,
  z.strictObject({
    addresses: names.describe('Own addresses; default name@main domain.').optional(),
    name: z.string().optional(),
    comment: z.string().optional(),
    ensure: state.optional(),
  }),
])

const domains = names.describe('Domains; .example.net means example.net and every domain below it.')
const listConditions = {
  network: names.describe('Address of the client, such as 192.0.2.0/24.').optional(),
  host: domains
    .describe('Name of the client that its address confirms (FCrDNS); .example.net with all below it.')
    .optional(),
  helo: names.describe('Name of the client in EHLO.').optional(),
  sender: names.describe('Reverse-path; <> for bounces.').optional(),
  sender_domain: domains.optional(),
  recipient: names.optional(),
  recipient_domain: domains.optional(),
  from_domain: domains.describe('Domain of the author (From:).').optional(),
}
const listCommon = {
  until: z.string().describe('Last day (UTC), such as 2026-12-31, or a time such as 2026-12-31T12:00Z.').optional(),
  comment: z.string().optional(),
  ensure: state.optional(),
}
const allowEntry = z.strictObject({ ...listConditions, ...listCommon })
const blockEntry = z.strictObject({
  ...listConditions,
  reply: z.string().describe('Text of the refusal.').optional(),
  ...listCommon,
})

const assertion = z.strictObject({
  address,
  from: z.string().describe('The sender; <> for a bounce.').optional(),
  to: names.describe('Exactly these final addresses.').optional(),
  next_hop: names.describe('Exactly these next hops.').optional(),
  refused: z.union([z.boolean(), z.string(), z.number()]).describe('true, false, or how the reply begins.').optional(),
  discarded: z.boolean().optional(),
  client: z.string().describe('Address of the client, for the own lists.').optional(),
  host: z.string().describe('Confirmed name of the client.').optional(),
  helo: z.string().optional(),
  from_domain: z.string().describe('Domain of the author.').optional(),
  blocked: z
    .union([z.boolean(), z.string()])
    .describe('Whether an entry of block refuses it, or the name of the entry.')
    .optional(),
  allowed: z
    .union([z.boolean(), z.string()])
    .describe('Whether an entry of allow is for it, or the name of the entry.')
    .optional(),
  comment: z.string().optional(),
})

const sections: Readonly<Record<OwnSection, z.ZodType>> = {
  domains: z.union([domain, z.array(domain), z.record(domain, z.null())]).describe('Domains that are ours.'),
  alias_domains: z
    .union([z.array(domain), z.record(domain, z.union([domain, z.null()]))])
    .describe('Domain → main domain: each address stands for the same local part at the main domain.'),
  generic_domains: z
    .union([domain, z.array(domain)])
    .describe(
      'Domains of ours that always accept mail for root, hostmaster, postmaster, abuse, privacy and mailer-daemon.',
    ),
  users: z
    .union([z.array(z.string()), z.record(z.string(), user)])
    .describe('Users that may submit mail, and their own addresses.'),
  aliases: targetMap.describe('Address → where to.'),
  forwards: targetMap.describe('Address → where to, outside our domains.'),
  host_aliases: z.record(z.string(), z.union([targets, targetMap])).describe('Host → its old aliases.'),
  transports: z
    .record(z.string(), z.union([z.string(), z.strictObject({ next_hop: z.string(), comment: z.string().optional() })]))
    .describe('Domain or address → next hop, such as smtp:[list-01.example.org]:25 or lmtp:unix:/run/list.sock.'),
  catch_all: z.union([targets, targetMap]).describe('Domain → targets for addresses that nothing else resolves.'),
  rewrites: z
    .union([
      z.record(z.string(), names),
      z.array(
        z.strictObject({
          pattern: z.string(),
          to: names,
          domain: domain.describe('Then the expression is over the local parts at this domain.').optional(),
          comment: z.string().optional(),
        }),
      ),
    ])
    .describe('Regular expressions over the whole address; the first match applies.'),
  send_as: z.record(z.string(), names).describe('Address → users who may use it as sender.'),
  discards: textMap.describe('Address → reason: accepted and dropped.'),
  refusals: textMap.describe('Address → text with which it is refused.'),
  recipient_bcc: targetMap.describe('Address → addresses that get a copy.'),
  forward_policies: z
    .record(
      domain,
      z.union([
        treatment,
        z.strictObject({
          when_dmarc_would_fail: treatment.optional(),
          spam_ceiling: ceiling.optional(),
          comment: z.string().optional(),
        }),
      ]),
    )
    .describe('Foreign domain → the terms for forwards to it.'),
  allow: z
    .union([z.array(allowEntry), z.record(z.string(), allowEntry)])
    .describe('Mail that DNS lists, greylisting and the spam score do not refuse.'),
  block: z.union([z.array(blockEntry), z.record(z.string(), blockEntry)]).describe('Mail that is refused.'),
  certificates: z.record(z.string(), names).describe('Machine → SHA-256 fingerprints.'),
  assertions: z.array(assertion).describe('Assertions about routing, which check verifies.'),
}

/** The schema of one data file: Waypost's keys with and without namespace. Hiera's files may also have keys of other modules. */
export function mailJsonSchema(): object {
  const shape: Record<string, z.ZodType> = {}
  for (const section of ownSections) {
    shape[section] = sections[section].optional()
    shape[`${NAMESPACE}${section}`] = sections[section].optional()
  }
  return z.toJSONSchema(z.looseObject(shape), { reused: 'ref' })
}

/** The schema of one section, for tests that compare it with the readers. */
export function mailSchemaOf(section: OwnSection): z.ZodType {
  return sections[section]
}
