// The DNS for one message: each question is queried once, each look-up has a time limit, and none starts or continues after the deadline.
// Otherwise a sender with slow name servers decides how long a verification takes.

import { abortQuietly } from '../lib/abort-quietly.ts'
import type { Clock } from '../lib/clock.ts'
import { quietError } from '../lib/quiet-error.ts'
import type { Field } from '../message/header.ts'
import { readSignatureTags } from '../message/signature-tags.ts'
import type { Deadline } from './verification-deadline.ts'
import type { AskingResolver, MailauthResolver } from './mailauth-adapter.ts'

export interface MessageResolverOptions {
  readonly clock: Clock
  readonly deadline: Deadline
  readonly limitMs: number
  /** The address of the client that sent the message. */
  readonly client: string
}

/** Wraps the adapter for one message. A late look-up is aborted and rejects with ETIMEOUT, as in Node. */
export function createMessageResolver(answer: AskingResolver, options: MessageResolverOptions): MailauthResolver {
  const { clock, deadline, limitMs, client } = options
  const queried = new Map<string, ReturnType<MailauthResolver>>()
  return (name, type) => {
    if (deadline.passed()) return Promise.reject(timeUp())
    const key = `${type} ${name.toLowerCase()}`
    const known = queried.get(key)
    if (known) return known
    const late = new AbortController()
    const end = () => abortQuietly(late)
    deadline.signal.addEventListener('abort', end, { once: true })
    const forget = () => deadline.signal.removeEventListener('abort', end)
    const looked = answer(name, type, { purpose: purposeOf(name), client, signal: late.signal })
    // A look-up that has its answer is not aborted: the event would cost more than the answer of a cache.
    looked.then(forget, forget)
    const limited = within(clock, limitMs, { work: looked, late: end })
    queried.set(key, limited)
    return limited
  }
}

/** The policy of the author decides about the message, so its place does not depend on those for keys and SPF. */
function purposeOf(name: string): 'people' | 'internet' {
  return name.toLowerCase().startsWith('_dmarc.') ? 'people' : 'internet'
}

/** @param limited `late` is called when the time is up before `work` ends */
function within<T>(
  clock: Clock,
  ms: number,
  { work, late }: { readonly work: Promise<T>; readonly late?: () => void },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => {
      late?.()
      reject(timeUp())
    })
    work.then(resolve, reject).finally(() => timer.cancel())
  })
}

function timeUp(): Error {
  return quietError('time is up', { code: 'ETIMEOUT' })
}

/**
 * The DNS for the keys of signatures. Within the window each look-up has its usual limit. A look-up after the window was not prefetched and
 * gets a short limit: otherwise a forger with an unusual d= uses up the time for the author's policy.
 */
export function createKeyResolver(
  resolver: MailauthResolver,
  options: { readonly clock: Clock; readonly window: Deadline; readonly lateMs: number },
): MailauthResolver {
  return async (name, type) => {
    try {
      const answer = resolver(name, type)
      return await (options.window.passed() ? within(options.clock, options.lateMs, { work: answer }) : answer)
    } catch (error) {
      throw asAbsent(error)
    }
  }
}

/** A name that cannot exist never has a key (RFC 6376 6.1.2), so the result is permanent and not temperror. */
function asAbsent(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EBADNAME' ? quietError('no such name', { code: 'ENOTFOUND' }) : error
}

/**
 * Queries the keys of all signatures in parallel. mailauth verifies one signature after the other, and ten slow domains would use up the
 * time for the author's signature.
 */
export function prefetchKeys(fields: readonly Field[], resolver: MailauthResolver): void {
  for (const field of fields) {
    if (field.key !== 'dkim-signature') continue
    const tags = readSignatureTags(field.value)
    const [selector, domain] = [tags.get('s'), tags.get('d')]
    if (selector && domain) resolver(`${selector}._domainkey.${domain}`, 'TXT').catch(() => {})
  }
}
