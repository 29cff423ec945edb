// waypost verify: SPF, DKIM, DMARC and ARC of a message, by the code of an mx node. Exit code 1 if the author is not proven.

import { isIP } from 'node:net'
import { createAuthenticator } from '../../filter/verify-message.ts'
import type { Authentication } from '../../filter/authentication.ts'
import { commandClock } from '../../lib/clock.ts'
import { FAILED, type Io, json, line, OK, USAGE } from '../io.ts'
import { readMessage } from '../read-message.ts'
import { resolverFor } from '../resolver-option.ts'

export interface VerifyOptions {
  readonly ip: string
  readonly helo: string
  /** Reverse-path; null or `<>` is the null sender. */
  readonly from: string | null
  /** `HOST:PORT`; default: the resolvers of the system. */
  readonly dns?: string
  /** Evaluate at this time, unix milliseconds. */
  readonly at: number
  readonly json?: boolean
  readonly authservId?: string
}

/** Reads the message from standard input and prints the results. */
export async function verify(options: VerifyOptions, io: Io): Promise<number> {
  const usage = (text: string): number => {
    line(io.stderr, text)
    return USAGE
  }
  if (isIP(options.ip) === 0) return usage(`--ip: found ${options.ip}, expected an IPv4 or IPv6 address`)
  const resolver = await resolverFor(options.dns)
  if (resolver === null) return usage(`--dns: found ${options.dns}, expected ADDRESS or ADDRESS:PORT`)
  const found = await createAuthenticator({ clock: commandClock, resolver }).authenticate({
    remoteIp: options.ip,
    helo: options.helo,
    sender: bareSender(options.from),
    content: await readMessage(io.stdin),
    authservId: options.authservId ?? 'localhost',
    now: options.at,
  })
  const proven = isProven(found)
  if (options.json) json(io.stdout, { ...found, proven })
  else for (const text of table(found, proven)) line(io.stdout, text)
  return proven ? OK : FAILED
}

function bareSender(from: string | null): string | null {
  const bare = from?.replace(/^<(.*)>$/, '$1') ?? ''
  return bare === '' ? null : bare
}

/** DMARC decides. Without a DMARC record, a passing SPF or DKIM identity of the author domain or of a parent or child domain is enough. */
function isProven({ spf, dkim, dmarc }: Authentication): boolean {
  if (dmarc.result !== 'none') return dmarc.result === 'pass'
  const spfProves = spf.result === 'pass' && isRelated(spf.domain, dmarc.domain)
  return spfProves || dkim.some((signature) => signature.result === 'pass' && signature.aligned)
}

function isRelated(one: string | null, other: string | null): boolean {
  if (one === null || other === null) return false
  return one === other || one.endsWith(`.${other}`) || other.endsWith(`.${one}`)
}

function table(found: Authentication, proven: boolean): string[] {
  const { spf, dkim, dmarc, arc } = found
  const rows: string[][] = [['spf', spf.result, spf.domain ?? '', spf.explanation ?? '']]
  for (const one of dkim) {
    const name = one.domain ? `${one.selector}._domainkey.${one.domain}` : ''
    rows.push(['dkim', one.result, name, [one.aligned ? 'aligned' : '', one.comment ?? ''].filter(Boolean).join(', ')])
  }
  if (dkim.length === 0) rows.push(['dkim', 'none', '', ''])
  const aligned = [dmarc.spfAligned ? 'spf aligned' : '', dmarc.dkimAligned ? 'dkim aligned' : ''].filter(Boolean)
  const policy = dmarc.policy ? [`policy ${dmarc.policy} of ${dmarc.policyDomain ?? dmarc.domain}`] : []
  const unclear = dmarc.problem === null ? [] : [`From: ${dmarc.problem}`]
  rows.push(['dmarc', dmarc.result, dmarc.domain ?? '', [...policy, ...aligned, ...unclear].join(', ')])
  rows.push(['arc', arc.result, '', ''])
  const lines = rows.map(([check = '', result = '', about = '', more = '']) =>
    `${check.padEnd(6)}${result.padEnd(11)}${about}${about && more ? '  ' : ''}${more}`.trimEnd(),
  )
  const verdict = proven ? 'The author is proven.' : 'The author is not proven.'
  return [...lines, '', verdict, '', ...`Authentication-Results: ${found.results}`.split('\r\n')]
}
