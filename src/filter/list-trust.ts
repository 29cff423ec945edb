// Whether a list can be asked about one kind of subject. Only its test points decide: a list that lists everything, nothing, or does not
// answer is switched off and tested again. Answers about clients can cause a test, but no client can switch a list off.

import type { Resolver } from '../dns/resolver.ts'
import { abortQuietly } from '../lib/abort-quietly.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { DnsList, ListAnswer, ListKind } from './dns-lists.ts'
import { readListAnswer } from './list-answer.ts'
import { testPoints, type ListQuestion } from './list-question.ts'

/** Unavailable answers in a row that cause a test. A single one can be a lost packet. */
const FAILURES = 3
/** Time limit of a test, ms: two rounds of a resolver that asks slow servers. The node does not wait for it. */
const TEST_MS = 10_000
/** Pause before the next test of a list that failed, ms; it doubles up to the longest. */
const FIRST_RETEST_MS = 60_000
const LONGEST_RETEST_MS = 3_600_000
/** Least time between two tests that answers about clients cause, ms. */
const TEST_GAP_MS = 60_000
/** RFC 5782 section 5 lets clients check the test points; a zone that expired or was sold is found within a day. */
const DAY_MS = 86_400_000

export interface ListTrustPorts {
  readonly resolver: Resolver
  readonly clock: Clock
  /** Called when the list is switched off (with the cause) and when it is asked again (null). */
  readonly changed: (doubt: string | null) => void
}

export interface ListTrust {
  /** Why the list is not asked; null if it is. */
  doubt(): string | null
  /** An answer about a client or a domain. */
  noted(answer: ListAnswer): void
  /** Tests now. Never rejects. */
  test(): Promise<void>
  close(): void
}

const UNTESTED = 'its test points have not been checked yet'

export function createListTrust(list: DnsList, kind: ListKind, ports: ListTrustPorts): ListTrust {
  const { clock, changed } = ports
  const closed = new AbortController()
  let doubt: string | null = UNTESTED
  let failures = 0
  let pause = FIRST_RETEST_MS
  let testedAt = Number.NEGATIVE_INFINITY
  let running: Promise<void> | null = null
  let timer: Timer | null = null

  const settle = (cause: string | null) => {
    const before = doubt
    doubt = cause
    failures = 0
    if (cause === null ? before !== null && before !== UNTESTED : before === null || before === UNTESTED) changed(cause)
    const next = cause === null ? DAY_MS : pause
    pause = cause === null ? FIRST_RETEST_MS : Math.min(2 * pause, LONGEST_RETEST_MS)
    timer?.cancel()
    timer = clock.after(next, () => void test())
  }
  const test = (): Promise<void> => {
    if (closed.signal.aborted) return Promise.resolve()
    testedAt = clock.monotonic()
    running ??= failedTest(list, kind, { ...ports, signal: closed.signal })
      .then((cause) => {
        if (!closed.signal.aborted) settle(cause)
      })
      .finally(() => {
        running = null
      })
    return running
  }
  return {
    doubt: () => doubt ?? (running !== null && failures >= FAILURES ? 'it did not answer the last questions' : null),
    noted: (answer) => {
      failures = answer.kind === 'unavailable' ? failures + 1 : 0
      if (failures >= FAILURES && clock.monotonic() - testedAt >= TEST_GAP_MS) void test()
    },
    test,
    close: () => {
      abortQuietly(closed)
      timer?.cancel()
    },
  }
}

/** The cause of a failed test, or null. */
async function failedTest(
  list: DnsList,
  kind: ListKind,
  { resolver, clock, signal }: ListTrustPorts & { readonly signal: AbortSignal },
): Promise<string | null> {
  const late = new AbortController()
  const timer = clock.after(TEST_MS, () => abortQuietly(late))
  const ask = async ({ name, subject }: ListQuestion) => {
    // The question is the node's own: strangers who fill the places of clients must not make a list fail its test.
    const answer = await resolver.resolve(name, 'A', {
      purpose: 'delivery',
      signal: AbortSignal.any([signal, late.signal]),
    })
    return readListAnswer(list, answer, subject)
  }
  const { listed, notListed } = testPoints(list, kind)
  const [present, absent] = await Promise.all([ask(listed), ask(notListed)])
  timer.cancel()
  for (const answer of [present, absent])
    if (answer.kind === 'unavailable') return late.signal.aborted ? `no answer within ${TEST_MS} ms` : answer.cause
  if (present.kind === 'not-listed') return `it does not list its test point ${listed.subject} (RFC 5782 section 5)`
  if (absent.kind !== 'not-listed')
    return `it lists ${notListed.subject}, which no list may contain (RFC 5782 section 5)`
  return null
}
