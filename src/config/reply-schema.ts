// A file of rules that class replies of other servers: a list, the first rule that fits counts. docs/replies.md explains it to operators.

import { z } from 'zod'
import { replyClasses } from '../smtp/reply-class.ts'
import { duration, text } from './values.ts'

/** One or several. */
const some = <T>(one: z.ZodType<T>, expected: string) =>
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
    name: z.string().regex(/^[a-z0-9-]{1,60}$/, { error: 'a name of small letters, digits and hyphens' }),
    class: z.enum(replyClasses),
    host: some(host, 'a host, *.name, or a list of them').optional(),
    code: some(code, 'a code such as 450, 45x or 4xx, or a list of them').optional(),
    status: some(status, 'a status such as 4.7.1 or *.7.*, or a list of them').optional(),
    text: pattern.optional(),
    at: z.array(z.enum(['greeting', 'ehlo', 'auth', 'mail', 'rcpt', 'data', 'dot'])).optional(),
    treat: z.enum(['temporary', 'permanent']).optional(),
    scope: z.enum(['recipient', 'message', 'session', 'site']).optional(),
    retry: duration.optional(),
    pause: duration.optional(),
    advice: text('a sentence').optional(),
    contact: text('an address or URL').optional(),
  })
  .refine((rule) => rule.host || rule.code || rule.status || rule.text, {
    error: 'at least one of host, code, status, text',
  })

export const replyRulesSchema = z.array(replyRule)

/** A rule as a file says it. */
export type ReplyRuleFile = z.output<typeof replyRule>
