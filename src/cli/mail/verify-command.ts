// `waypost verify`: SPF, DKIM, DMARC and ARC of a message as the mx sees them, on the mx's own code.
// Exit 0 if the author is proven, 1 if not, 2 for a wrong option.

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
  /** The reverse-path; null (or `<>`) is the null sender. */
  readonly from: string | null
  /** `HOST:PORT`; the system's servers without it. */
  readonly dns?: string
  /** The time to judge at: ISO 8601 or unix seconds; now without it. */
  readonly at?: string
  readonly json: boolean
  readonly authservId?: string
}

/** Reads the message from standard input and prints what was found. */
export async function verify(options: VerifyOptions, io: Io): Promise<number> {
  const usage = (text: string): number => {
    line(io.stderr, text)
    return USAGE
  }
  if (isIP(options.ip) === 0) return usage(`--ip ${options.ip}: expected an IPv4 or IPv6 address`)
  const now = options.at === undefined ? Date.now() : parseTime(options.at)
  if (now === null) return usage(`--at ${options.at}: expected a time such as 2026-11-21T02:00:00Z or unix seconds`)
  const resolver = await resolverFor(options.dns)
  if (resolver === null) return usage(`--dns ${options.dns}: expected ADDRESS or ADDRESS:PORT`)
  const found = await createAuthenticator({ clock: commandClock, resolver }).authenticate({
    remoteIp: options.ip,
    helo: options.helo,
    sender: bareSender(options.from),
    content: await readMessage(io.stdin),
    authservId: options.authservId ?? 'localhost',
    now,
  })
  const proven = isProven(found)
  if (options.json) json(io.stdout, { ...found, proven })
  else line(io.stdout, table(found, proven))
  return proven ? OK : FAILED
}

function parseTime(text: string): number | null {
  const time = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text)
  return Number.isNaN(time) ? null : time
}

function bareSender(from: string | null): string | null {
  const bare = from?.replace(/^<(.*)>$/, '$1') ?? ''
  return bare === '' ? null : bare
}

/** DMARC decides; for an author domain without a record any passing identity of that domain, of one above or below it does. */
function isProven({ spf, dkim, dmarc }: Authentication): boolean {
  if (dmarc.result !== 'none') return dmarc.result === 'pass'
  const speaks = spf.result === 'pass' && isRelated(spf.domain, dmarc.domain)
  return speaks || dkim.some((signature) => signature.result === 'pass' && signature.aligned)
}

function isRelated(one: string | null, other: string | null): boolean {
  if (one === null || other === null) return false
  return one === other || one.endsWith(`.${other}`) || other.endsWith(`.${one}`)
}

function table(found: Authentication, proven: boolean): string {
  const { spf, dkim, dmarc, arc } = found
  const rows: string[][] = [['spf', spf.result, spf.domain ?? '', spf.explanation ?? '']]
  for (const one of dkim) {
    const name = one.domain ? `${one.selector}._domainkey.${one.domain}` : ''
    rows.push(['dkim', one.result, name, [one.aligned ? 'aligned' : '', one.comment ?? ''].filter(Boolean).join(', ')])
  }
  if (dkim.length === 0) rows.push(['dkim', 'none', '', ''])
  const aligned = [dmarc.spfAligned ? 'spf aligned' : '', dmarc.dkimAligned ? 'dkim aligned' : ''].filter(Boolean)
  const policy = dmarc.policy ? [`policy ${dmarc.policy} of ${dmarc.policyDomain ?? dmarc.domain}`] : []
  rows.push(['dmarc', dmarc.result, dmarc.domain ?? '', [...policy, ...aligned].join(', ')])
  rows.push(['arc', arc.result, '', ''])
  const lines = rows.map(([check = '', result = '', about = '', more = '']) =>
    `${check.padEnd(6)}${result.padEnd(11)}${about}${about && more ? '  ' : ''}${more}`.trimEnd(),
  )
  const verdict = proven ? 'The author is proven.' : 'The author is not proven.'
  return `${lines.join('\n')}\n\n${verdict}\n\nAuthentication-Results: ${found.results.replaceAll('\r\n', '\n')}`
}
