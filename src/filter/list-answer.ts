// What the answer of a list means. An answer is a hit only if the list documents it: a resolver that rewrites answers, a list that refuses a
// question, and a zone that was sold answer with other addresses.

import type { DnsAnswer } from '../dns/resolver.ts'
import { matchesAnswer, parseAnswerPattern } from '../lib/answer-pattern.ts'
import type { AnswerPattern } from '../lib/answer-pattern.ts'
import type { DnsList, ErrorMeaning, ListAnswer } from './dns-lists.ts'

/** Records of an answer that are read. A list has a few meanings for each entry. */
const MAX_RECORDS = 32
/** Addresses of an answer that a text names. */
const MAX_NAMED = 3

const pattern = (text: string) => parseAnswerPattern(text) as AnswerPattern

/** RFC 5782 2.1: every answer of a list is in 127.0.0.0/8. */
const listNetwork = pattern('127.*.*.*')

/** Errors that are the same at several lists. An answer that a list gives its own meaning is no error. */
const commonErrors: readonly ErrorMeaning[] = [
  { answer: pattern('127.255.255.252'), meaning: 'the name of the zone is wrong' },
  { answer: pattern('127.255.255.254'), meaning: 'the question came through a public resolver' },
  { answer: pattern('127.255.255.255'), meaning: 'too many questions' },
  { answer: pattern('127.255.255.*'), meaning: 'an error of the list' },
  { answer: pattern('127.0.0.1'), meaning: 'the question was refused, or a resolver blocks the zone' },
]

/** @param subject as the page about the entry has it */
export function readListAnswer(list: DnsList, answer: DnsAnswer<string>, subject: string): ListAnswer {
  if (answer.kind === 'unavailable') return { kind: 'unavailable', cause: withoutKey(list, answer.cause) }
  if (answer.kind === 'absent') return { kind: 'not-listed' }
  const addresses = answer.records.slice(0, MAX_RECORDS)
  const fault = faultOf(list, addresses)
  if (fault !== null) return { kind: 'unavailable', cause: fault }
  const meanings = list.answers.filter((one) => addresses.some((address) => matchesAnswer(one.answer, address)))
  const [first, ...others] = meanings.toSorted((a, b) => Math.abs(b.points) - Math.abs(a.points))
  if (first === undefined) return { kind: 'unknown', addresses: addresses.slice(0, MAX_NAMED) }
  const meaning = [first, ...others].map((one) => one.meaning).join(', ')
  return { kind: 'listed', points: first.points, meaning, url: pageOf(list, subject) }
}

/** One wrong record makes the whole answer an error. */
function faultOf(list: DnsList, addresses: readonly string[]): string | null {
  for (const address of addresses) {
    if (!matchesAnswer(listNetwork, address))
      return `it answered ${address}, which is not in 127.0.0.0/8: not its answer`
    const own = list.errors.find((one) => matchesAnswer(one.answer, address))
    const isKnown = list.answers.some((one) => matchesAnswer(one.answer, address))
    const error = own ?? (isKnown ? undefined : commonErrors.find((one) => matchesAnswer(one.answer, address)))
    if (error) return `it answered ${address}: ${error.meaning}`
  }
  return null
}

function pageOf({ url }: DnsList, subject: string): string | null {
  return url?.replaceAll('{subject}', encodeURIComponent(subject).replaceAll('%3A', ':')) ?? null
}

/** A text about the list with a mark for the key, which the names of its questions contain. A key has letters, digits and hyphens only. */
export function withoutKey({ key }: Pick<DnsList, 'key'>, text: string): string {
  return key === null ? text : text.replaceAll(new RegExp(key, 'gi'), '(key)')
}
