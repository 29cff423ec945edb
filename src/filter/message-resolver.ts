// The DNS as one message sees it: each question asked once, each look-up with its own limit, nothing after the deadline.
// Else strangers with slow name servers decide how long a verification takes.

import type { Deadline } from './deadline.ts'
import type { MailauthResolver } from './mailauth-adapter.ts'

/** Wraps the adapter for one message. A late look-up rejects with ETIMEOUT, as Node's would. */
export function createMessageResolver(
  answer: MailauthResolver,
  options: { readonly deadline: Deadline; readonly limitMs: number },
): MailauthResolver {
  const asked = new Map<string, ReturnType<MailauthResolver>>()
  return (name, type) => {
    if (options.deadline.passed()) return Promise.reject(timeUp())
    const key = `${type} ${name.toLowerCase()}`
    const known = asked.get(key)
    if (known) return known
    const limited = within(answer(name, type), options.limitMs)
    asked.set(key, limited)
    return limited
  }
}

function within<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(timeUp()), ms)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function timeUp(): Error {
  return Object.assign(new Error('time is up'), { code: 'ETIMEOUT' })
}

/**
 * Asks for the keys of all signatures at once: mailauth verifies one signature after the other, and ten slow domains
 * would use up the time of the author's own.
 */
export function prefetchKeys(header: Buffer, resolver: MailauthResolver): void {
  for (const signature of header.toString('latin1').matchAll(/^DKIM-Signature[ \t]*:(?:.|\r?\n[ \t])*/gim)) {
    const selector = tag(signature[0], 's')
    const domain = tag(signature[0], 'd')
    if (selector && domain) resolver(`${selector}._domainkey.${domain}`, 'TXT').catch(() => {})
  }
}

function tag(field: string, name: string): string | undefined {
  return new RegExp(`[:;]\\s*${name}\\s*=\\s*([^;\\s]+)`).exec(field)?.[1]
}
