// Asks lists about a subject: all at once, with one deadline, as questions of the client that causes them. A list that is in doubt is not
// asked.

import type { Resolver } from '../dns/resolver.ts'
import { abortQuietly } from '../lib/abort-quietly.ts'
import type { Clock } from '../lib/clock.ts'
import type { DnsList, DnsLists, ListAnswer, ListFinding, ListKind, Subject } from './dns-lists.ts'
import { readListAnswer } from './list-answer.ts'
import { listQuestion } from './list-question.ts'
import { createListTrust, type ListTrust } from './list-trust.ts'

export interface AskListsPorts {
  readonly resolver: Resolver
  readonly clock: Clock
  /** Called for each answer. */
  readonly answered?: (list: string, answer: ListAnswer) => void
  /** Called when a list is switched off (with the cause) and when it is asked again (null). */
  readonly changed?: (face: ListFace, doubt: string | null) => void
}

/** A list and one kind of what it contains. */
export interface ListFace {
  readonly list: string
  readonly kind: ListKind
}

export interface AskedLists extends DnsLists {
  /** Checks the test points of every list; from then on they are checked daily. Never rejects. */
  test(): Promise<void>
  /** Each list and kind, with the cause if it is switched off. */
  doubts(): readonly (ListFace & { readonly doubt: string | null })[]
  close(): void
}

/** @param timeoutMs for all lists together */
export function createDnsLists(lists: readonly DnsList[], timeoutMs: number, ports: AskListsPorts): AskedLists {
  const { resolver, clock, answered, changed } = ports
  const faces = lists.flatMap((list) =>
    list.kinds.map((kind) => {
      const face = { list: list.name, kind }
      const trust = createListTrust(list, kind, { resolver, clock, changed: (doubt) => changed?.(face, doubt) })
      return { ...face, trust }
    }),
  )
  const trustOf = (list: DnsList, kind: ListKind) =>
    (faces.find((one) => one.list === list.name && one.kind === kind) as { readonly trust: ListTrust }).trust

  const askOne = async (list: DnsList, subject: Subject, ask: AskOne): Promise<ListFinding | null> => {
    const question = listQuestion(list, subject)
    if (question === null) return null
    const trust = trustOf(list, question.kind)
    const doubt = trust.doubt()
    const answer: ListAnswer =
      doubt === null ? await asked(list, question, ask) : { kind: 'unavailable', cause: `switched off: ${doubt}` }
    // A client that left says nothing about the list.
    if (doubt === null && !ask.left()) trust.noted(answer)
    answered?.(list.name, answer)
    return { list: list.name, subject, answer }
  }
  const asked = async (list: DnsList, { name, subject }: { name: string; subject: string }, ask: AskOne) => {
    const { client, signal } = ask
    const answer = await resolver.resolve(name, 'A', { purpose: 'optional', client, signal })
    const read = readListAnswer(list, answer, subject)
    if (read.kind !== 'unavailable' || !signal.aborted) return read
    return {
      kind: 'unavailable',
      cause: ask.left() ? 'the client has left' : `no answer within ${timeoutMs} ms`,
    } as const
  }
  return {
    ask: async (subject, { ip: client, signal }) => {
      const late = new AbortController()
      const timer = clock.after(timeoutMs, () => abortQuietly(late))
      const both = signal ? AbortSignal.any([signal, late.signal]) : late.signal
      const ask: AskOne = { client, signal: both, left: () => signal?.aborted ?? false }
      const findings = await Promise.all(lists.map((list) => askOne(list, subject, ask)))
      timer.cancel()
      return findings.filter((one) => one !== null)
    },
    test: async () => void (await Promise.all(faces.map(({ trust }) => trust.test()))),
    doubts: () => faces.map(({ list, kind, trust }) => ({ list, kind, doubt: trust.doubt() })),
    close: () => {
      for (const { trust } of faces) trust.close()
    },
  }
}

interface AskOne {
  readonly client: string
  /** Aborts at the deadline, and when the client leaves. */
  readonly signal: AbortSignal
  readonly left: () => boolean
}
