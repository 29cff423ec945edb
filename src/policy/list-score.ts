// The points of all lists together, and the texts about them. A list counts once, with its heaviest answer: one listing of a domain that is
// in HELO and in MAIL FROM is one fact.

import type { Evidence } from './evidence.ts'
import type { ListFinding, Subject } from '../filter/dns-lists.ts'

type Answer = ListFinding['answer']
/** A finding of a list that contains the subject. */
export interface ListHit {
  readonly list: string
  readonly subject: Subject
  readonly answer: Extract<Answer, { readonly kind: 'listed' }>
}

export interface ListScore {
  readonly points: number
  /** One for each list, heaviest first. */
  readonly hits: readonly ListHit[]
  readonly unavailable: readonly { readonly list: string; readonly cause: string }[]
  /** Lists with an answer that has no meaning. */
  readonly unknown: readonly string[]
}

/** Texts of causes are shortened: each can hold the answers of several DNS servers. */
const MAX_CAUSE = 120

export function scoreLists(findings: readonly ListFinding[]): ListScore {
  const heaviest = new Map<string, ListHit>()
  for (const { list, subject, answer } of findings) {
    if (answer.kind !== 'listed') continue
    const before = heaviest.get(list)
    if (before === undefined || Math.abs(answer.points) > Math.abs(before.answer.points))
      heaviest.set(list, { list, subject, answer })
  }
  const hits = [...heaviest.values()].toSorted((a, b) => b.answer.points - a.answer.points)
  const causes = new Map(
    findings.flatMap(({ list, answer }) => (answer.kind === 'unavailable' ? [[list, answer.cause] as const] : [])),
  )
  return {
    points: rounded(hits.reduce((sum, { answer }) => sum + answer.points, 0)),
    hits,
    unavailable: [...causes].map(([list, cause]) => ({ list, cause })),
    unknown: [...new Set(findings.flatMap(({ list, answer }) => (answer.kind === 'unknown' ? [list] : [])))],
  }
}

/** Weights make fractions; a sum of tenths must not be 4.999…. */
function rounded(points: number): number {
  return Math.round(points * 100) / 100
}

/** One word for the ledger: `listed` from any points above 0, `allowed` below, `unavailable` if no list answered. */
export function listResult({ hits, points, unavailable }: ListScore, asked: number): string {
  if (hits.length > 0) return points > 0 ? 'listed' : 'allowed'
  return unavailable.length > 0 && unavailable.length === asked ? 'unavailable' : 'not-listed'
}

/** `8 points: spamhaus-zen 5 for 192.0.2.1 (PBL …), spamcop 3 …; unavailable: surbl (…)`. */
export function describeScore({ points, hits, unavailable, unknown }: ListScore): string {
  const named = hits.map(
    (hit) => `${hit.list} ${rounded(hit.answer.points)} for ${hit.subject.value} (${hit.answer.meaning})`,
  )
  const down = unavailable.map(({ list, cause }) => `${list} (${cause.slice(0, MAX_CAUSE)})`)
  return [
    `${points} points${named.length > 0 ? `: ${named.join(', ')}` : ''}`,
    ...(down.length > 0 ? [`unavailable: ${down.join(', ')}`] : []),
    ...(unknown.length > 0 ? [`answers without a meaning: ${unknown.join(', ')}`] : []),
  ].join('; ')
}

/** One piece of evidence for each list, such as `DNSBL_SPAMHAUS_ZEN`. */
export function listEvidence({ hits }: ListScore): readonly Evidence[] {
  return hits.map(({ list, subject, answer }) => ({
    name: `DNSBL_${list.toUpperCase().replaceAll('-', '_')}`,
    points: rounded(answer.points),
    detail: `${subject.value}, ${answer.meaning}`,
    ...(answer.points < 0 && { trusted: true }),
  }))
}

/** What is listed, in words for the client: `Your address 192.0.2.1`. */
export function listedSubject({ subject }: ListHit): string {
  const what = subject.kind === 'address' ? 'Your address' : subjectNames[subject.of]
  return `${what} ${subject.value}`
}

/** The list with its reason and its page, in words for the client. */
export function listReason({ list, answer }: ListHit): string {
  return `${list} (${answer.meaning})${answer.url === null ? '' : `, see ${answer.url}`}`
}

const subjectNames = {
  helo: 'Your name',
  sender: 'The sender domain',
  author: 'The author domain',
} as const
