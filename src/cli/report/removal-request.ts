// The text of a request that a provider ends its block, for a form or a mail.

import { counted } from '../../lib/counted.ts'
import { time } from '../../observe/describe-event.ts'

export interface RequestFacts {
  /** The address that is blocked. */
  readonly address: string
  /** The name of the node in EHLO. */
  readonly ehlo: string
  readonly domain: string
  /** Where the provider can write to. */
  readonly postmaster: string
  /** One line for each: `SPF of example.org: v=spf1 …`. */
  readonly dns: readonly string[]
  /** Unix ms. */
  readonly firstAt: number
  readonly lastAt: number
  readonly refusals: number
  /** Accepted by the same hosts in the time of the report. */
  readonly accepted: number
  /** Such as `7 days`. */
  readonly period: string
  /** The last reply, in one line. */
  readonly reply: string
}

const FILL_IN = '(fill in: what was sent, by which account or forward, and what has ended it)'

/** Plain text, without the address of the provider. */
export function requestText(facts: RequestFacts): string[] {
  const row = (name: string, value: string) => `${`${name}:`.padEnd(20)}${value}`
  return [
    `Subject: Mail from ${facts.address} (${facts.ehlo}) is refused`,
    '',
    `Our mail server ${facts.ehlo} sends the mail of ${facts.domain}. Your servers refuse it.`,
    'Please end the block, or write what we have to change.',
    '',
    row('Sending address', facts.address),
    row('Name in EHLO', facts.ehlo),
    ...facts.dns.map((text) => row(text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 2))),
    row(
      'Refused since',
      `${time(facts.firstAt)}; ${counted(facts.refusals, 'refusal')}, the last one ${time(facts.lastAt)}`,
    ),
    row('Accepted before', `${counted(facts.accepted, 'recipient')} in the last ${facts.period}`),
    row('Your reply', facts.reply),
    row('Cause', FILL_IN),
    row('Contact', facts.postmaster),
  ]
}
