// The extensions in a reply to EHLO or LHLO (RFC 5321 section 4.1.1.1), without the keywords that the operator discards.

import { addressLiteral, asciiDomain } from '../../smtp/domain.ts'

export interface Extensions {
  readonly pipelining: boolean
  readonly eightBitMime: boolean
  readonly smtputf8: boolean
  readonly dsn: boolean
  readonly startTls: boolean
  readonly requireTls: boolean
  /** SASL mechanisms of AUTH (RFC 4954 section 3), in upper case. */
  readonly auth: ReadonlySet<string>
  /** Null: SIZE is not offered; 0: offered without a limit (RFC 1870 section 4). */
  readonly size: number | null
}

/** After HELO. */
export const noExtensions: Extensions = {
  pipelining: false,
  eightBitMime: false,
  smtputf8: false,
  dsn: false,
  startTls: false,
  requireTls: false,
  auth: new Set(),
  size: null,
}

/** @param verbatim the whole reply, lines joined by `\n`, codes included @param discard keywords to ignore, in upper case */
export function readExtensions(verbatim: string, discard: ReadonlySet<string>): Extensions {
  const offered = new Map<string, string>()
  // The first line is the server's name, not a keyword.
  for (const line of verbatim.split('\n').slice(1)) {
    const [keyword = '', ...parameters] = line.slice(4).trim().split(/\s+/)
    const name = keyword.toUpperCase()
    if (name !== '' && !discard.has(name)) offered.set(name, parameters.join(' '))
  }
  return {
    pipelining: offered.has('PIPELINING'),
    eightBitMime: offered.has('8BITMIME'),
    smtputf8: offered.has('SMTPUTF8'),
    dsn: offered.has('DSN'),
    startTls: offered.has('STARTTLS'),
    requireTls: offered.has('REQUIRETLS'),
    auth: new Set((offered.get('AUTH') ?? '').toUpperCase().split(' ').filter(Boolean)),
    size: readSize(offered.get('SIZE')),
  }
}

/**
 * The name of the server in a greeting or a reply to EHLO (RFC 5321 sections 4.1.1.1 and 4.2): a domain or an address literal. Null if
 * something else is there.
 */
export function greetedName(verbatim: string): string | null {
  const [name = ''] = verbatim.slice(4).split(/\s/, 1)
  return asciiDomain(name) ?? addressLiteral(name)
}

function readSize(parameter: string | undefined): number | null {
  if (parameter === undefined) return null
  return /^\d{1,15}$/.test(parameter) ? Number(parameter) : 0
}
