// Descriptions of lists in the DNS: those of the program, and the schema for those of the operator. docs/reference/dnsbl.md describes them.

import { z } from 'zod'
import { parseAnswerPattern } from '../lib/answer-pattern.ts'
import type { AnswerPattern } from '../lib/answer-pattern.ts'
import { programFile } from '../lib/program-files.ts'
import { formatProblem } from './problem.ts'
import { validate } from './validate.ts'
import { hostName, text } from './values.ts'
import { loadYaml } from './yaml-source.ts'

/** Points of one answer; far more than any threshold needs. */
const MAX_POINTS = 100
const POINTS = `a number from -${MAX_POINTS} to ${MAX_POINTS}`
const PATTERN = 'an address such as 127.0.0.2, 127.0.0.4-7, 127.0.*.3 or 127.0.0.&64'
const KEYED_ZONE = 'a zone with {key} as one of its labels, such as {key}.zen.example.net'

const answer = z.string({ error: PATTERN }).transform((value, context): AnswerPattern => {
  const pattern = parseAnswerPattern(value)
  if (pattern !== null) return pattern
  context.addIssue({ code: 'custom', message: PATTERN })
  return z.NEVER
})

const name = z.string({ error: 'a name' }).regex(/^[a-z0-9-]{1,32}$/, {
  error: 'a name of at most 32 lower-case letters, digits and hyphens',
})

export const dnsListSchema = z.strictObject({
  name: name.describe('Name of the list in replies, ledger and metrics.'),
  zone: hostName.optional().describe('Name below which the questions are asked.'),
  key: name.optional().describe('Name of the key in `key_file`.'),
  keyed_zone: z
    .string({ error: KEYED_ZONE })
    .regex(/^(?:[a-z0-9_-]+\.)*\{key\}(?:\.[a-z0-9_-]+)+$/i, { error: KEYED_ZONE })
    .optional()
    .describe('The zone with a key: `{key}` stands for it. Without the key the node asks `zone`.'),
  kinds: z
    .array(z.enum(['ip4', 'ip6', 'domain'], { error: 'one of ip4, ip6, domain' }))
    .min(1)
    .describe('What the list contains: addresses of clients, or domains.'),
  domains: z
    .enum(['whole', 'registered'])
    .default('whole')
    .describe('Domains that the list is asked about. registered: the registered domain above a host.'),
  test: hostName.default('test').describe('Domain that the list always contains (RFC 5782 section 5).'),
  url: text('a URL').optional().describe('Page about an entry; `{subject}` stands for the address or domain.'),
  answers: z
    .array(
      z.strictObject({
        answer: answer.describe('Address, with `4-7` for a range, `*` for any, `&64` for a bit in the last part.'),
        points: z
          .number({ error: POINTS })
          .min(-MAX_POINTS, { error: POINTS })
          .max(MAX_POINTS, { error: POINTS })
          .describe('Points; negative for an allow list.'),
        meaning: text('a few words').describe('Meaning, as the refused client reads it.'),
      }),
    )
    .min(1)
    .describe('Answers that are hits. Every other answer is none.'),
  errors: z
    .array(
      z.strictObject({
        answer: answer.describe('As in `answers`.'),
        meaning: text('a few words').describe('Meaning.'),
      }),
    )
    .default([])
    .describe('Answers that mean that the list is unavailable, beside 127.255.255.0/24 and 127.0.0.1.'),
})

export type DnsListFile = z.output<typeof dnsListSchema>

const endedList = z.strictObject({ name, ended: text('a date'), from: text('a source') })
const shippedList = dnsListSchema.extend({ from: text('a source'), contact: text('a page or a sentence') })
const shippedSchema = z.array(z.union([shippedList, endedList]))

const SHIPPED_LISTS = programFile('src/filter/dns-lists.yaml')

/** With the place where the owner of an entry asks for its removal, or registers at an allow list. */
export type ShippedDnsList = z.output<typeof shippedList>

export interface ShippedDnsLists {
  readonly lists: ReadonlyMap<string, ShippedDnsList>
  /** Lists that do not exist any more, with the time of their end. */
  readonly ended: ReadonlyMap<string, string>
}

let shipped: ShippedDnsLists | null = null

/** The lists of the program. Throws if the file is damaged: it is part of the program. */
export function loadShippedDnsLists(): ShippedDnsLists {
  shipped ??= readShipped()
  return shipped
}

function readShipped(): ShippedDnsLists {
  const yaml = loadYaml(SHIPPED_LISTS)
  const read = yaml.kind === 'ok' ? validate(yaml.source, shippedSchema) : yaml
  if (read.kind !== 'ok') throw new Error(read.problems.map(formatProblem).join('\n'))
  return {
    lists: new Map(read.value.flatMap((one) => ('ended' in one ? [] : [[one.name, one] as const]))),
    ended: new Map(read.value.flatMap((one) => ('ended' in one ? [[one.name, one.ended] as const] : []))),
  }
}
