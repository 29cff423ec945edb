// `digest`: a weekly summary for the operator.

import { z } from 'zod'
import { normalizeMailbox } from '../../smtp/mailbox.ts'
import { section } from '../section.ts'
import { text } from '../values.ts'

const days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
const clockTime = /^([01]?\d|2[0-3]):([0-5]\d)$/

const schema = z.strictObject({
  to: text('an address').optional().describe('Address that gets the digest by mail; it may be an alias.'),
  webhooks: z.array(text('the name of a webhook')).default([]).describe('Names of `webhooks` that get the digest.'),
  day: z.enum(days, { error: 'a day such as monday' }).default('monday').describe('Day of the week.'),
  at: text('a time').default('07:00').describe('Time of that day in the time zone of the node, such as `07:00`.'),
})

export const digest = section(
  schema.optional().describe('Weekly summary of volume, failures, refusals, accounts, health and certificates.'),
  (written, reader) => {
    if (written === undefined) return null
    const { to, webhooks, at } = written
    const [, hour = '0', minute = '0'] = clockTime.exec(at) ?? []
    if (!clockTime.test(at)) reader.report(['at'], `found "${at}", expected a time such as 07:00`)
    if (to !== undefined && normalizeMailbox(to) === null)
      reader.report(['to'], `found "${to}", expected an address such as postmaster@example.org`)
    if (to === undefined && webhooks.length === 0)
      reader.report([], 'found neither to nor webhooks, expected one of them: who gets the digest?')
    return { to: to ?? null, webhooks, day: written.day, hour: Number(hour), minute: Number(minute) }
  },
)
