// Files of rules that classify the replies of other servers. The first matching rule counts. docs/reference/replies.md describes the format.

import { z } from 'zod'
import { programFile } from '../lib/program-files.ts'
import { replyClasses } from '../smtp/reply-class.ts'
import { formatProblem } from './problem.ts'
import { validate } from './validate.ts'
import { duration, text } from './values.ts'
import { loadYaml } from './yaml-source.ts'

/** A value or a list of values. */
const oneOrMore = <T>(one: z.ZodType<T>, expected: string) =>
  z.union([one.transform((value) => [value]), z.array(one).min(1)], { error: expected })

const CODES = 'a code such as 450, 45x or 4xx'

const code = z
  .union([z.int().min(400).max(599), z.string().regex(/^[45](?:\d[\dx]|xx)$/, CODES)], { error: CODES })
  .transform(String)
const status = z.string().regex(/^[45*](\.(\d{1,3}|\*)){2}$/, { error: 'a status' })
const host = z.string().regex(/^(\*\.)?[a-z0-9.-]+$/i, { error: 'a host' })

const pattern = z.string({ error: 'a regular expression' }).transform((value, context) => {
  try {
    return new RegExp(value, 'iu')
  } catch (error) {
    context.addIssue({
      code: 'custom',
      message: `a regular expression (${(error as Error).message.split(': ').at(-1)})`,
    })
    return z.NEVER
  }
})

const replyRule = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9-]{1,60}$/, { error: 'a name of lower-case letters, digits and hyphens' }),
    class: z.enum(replyClasses),
    host: oneOrMore(host, 'a host, *.name, or a list of them').optional(),
    code: oneOrMore(code, 'a code such as 450, 45x or 4xx, or a list of them').optional(),
    status: oneOrMore(status, 'a status such as 4.7.1 or *.7.*, or a list of them').optional(),
    text: pattern.optional(),
    at: z.array(z.enum(['greeting', 'ehlo', 'auth', 'mail', 'rcpt', 'data', 'dot'])).optional(),
    treat: z.enum(['temporary', 'permanent']).optional(),
    scope: z.enum(['recipient', 'message', 'session', 'site']).optional(),
    retry: duration.optional(),
    pause: duration.optional(),
    fewer_connections: z.boolean().optional(),
    advice: text('a sentence').optional(),
    contact: text('an address or URL').optional(),
  })
  .refine((rule) => rule.host || rule.code || rule.status || rule.text, {
    error: 'at least one of host, code, status, text',
  })

export const replyRulesSchema = z.array(replyRule)

/** A rule as a file has it. */
export type ReplyRuleFile = z.output<typeof replyRule>

const SHIPPED_RULES = programFile('src/delivery/default-replies.yaml')

/** The rules of the program. Throws if the file is damaged: it is part of the program. */
export function loadShippedReplyRules(): readonly ReplyRuleFile[] {
  const yaml = loadYaml(SHIPPED_RULES)
  const rules = yaml.kind === 'ok' ? validate(yaml.source, replyRulesSchema) : yaml
  if (rules.kind === 'ok') return rules.value
  throw new Error(rules.problems.map(formatProblem).join('\n'))
}
