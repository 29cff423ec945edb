// The form of a reply without its values, so that replies with the same reason are counted together.

import { withoutAddresses } from '../lib/without-addresses.ts'

const LINK = /https?:\/\/\S+/g
/** IP addresses, domains and numbers. */
const values = [
  /\[?\b(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-f]{0,4}(?::[\da-f]{0,4}){2,7})\b\]?/gi,
  /\b[\w-]+(?:\.[\w-]+)+\b/g,
  /\b\d+(?:\.\d+)?\b/g,
]

/** `550 5.7.1 Your address … is listed by ours`. Code and enhanced status stay. */
export function replyForm(reply: string): string {
  const [, status = '', text = ''] = /^(\d{3} [\d.]+ )?(.*)$/s.exec(reply) ?? []
  // Links first, which can have any of the others.
  const shortened = withoutAddresses(text.replaceAll(/\s+/g, ' ').replace(LINK, '…'))
  const form = values.reduce((left, value) => left.replace(value, '…'), shortened)
  return `${status}${form}`.slice(0, MAX_FORM)
}

/** Characters: the rest is for the trace of an example. */
const MAX_FORM = 160
