// The paths of MAIL and RCPT (RFC 5321 4.1.1.2, 4.1.1.3, 4.1.2): angle brackets, null sender, `<Postmaster>`, source routes.
// Brackets are required, and only a Mailbox is allowed between them, with one exception: dots at an end or in a row. A malformed path is returned with the problem.

import { asciiDomain, isAscii } from './domain.ts'
import { publicAddress } from './public-address.ts'
import type { LocalNames } from './public-address.ts'
import { parseMailbox } from './mailbox.ts'
import type { Mailbox } from './mailbox.ts'
import { refusal } from './reply.ts'
import type { Refusal } from './reply.ts'

export type PathRole = 'reverse' | 'forward'

export type ParsedPath =
  /** `utf8`: the client wrote characters beyond ASCII, which needs SMTPUTF8 on MAIL (RFC 6531 3.4), even if the A-labels of the result hide them. */
  | { readonly kind: 'mailbox'; readonly mailbox: Mailbox; readonly utf8: boolean }
  /** The null sender `<>`, only as a reverse-path. */
  | { readonly kind: 'null' }
  /** `<Postmaster>` without a domain, only as a forward-path: the postmaster of this node (RFC 5321 4.5.1). */
  | { readonly kind: 'postmaster' }
  | { readonly kind: 'bad'; readonly problem: string }

/** The argument of MAIL or RCPT, split into path and parameters. */
export type SplitArgument =
  | { readonly kind: 'split'; readonly path: string; readonly parameters: readonly string[] }
  | { readonly kind: 'bad'; readonly problem: string }

/**
 * Splits the text after `FROM:` or `TO:`. Spaces before the path are accepted, because many clients send them; so are several spaces
 * between path and parameters.
 */
export function splitArgument(text: string): SplitArgument {
  const argument = text.trim()
  if (!argument.startsWith('<')) return { kind: 'bad', problem: 'the address must stand in angle brackets' }
  const end = closingBracket(argument)
  if (end < 0) return { kind: 'bad', problem: 'no closing angle bracket' }
  const rest = argument.slice(end + 1)
  if (rest !== '' && !rest.startsWith(' ')) return { kind: 'bad', problem: 'no space behind the address' }
  const parameters = rest.split(' ').filter((word) => word !== '')
  return { kind: 'split', path: argument.slice(0, end + 1), parameters }
}

/**
 * Reads one path with its angle brackets. A source route is checked and removed (RFC 5321 appendix C).
 * @param names of a listener for programs of this host, which write addresses without a domain; else null
 */
export function parsePath(text: string, role: PathRole, names: LocalNames | null = null): ParsedPath {
  if (!text.startsWith('<') || !text.endsWith('>') || text.length < 2) {
    return { kind: 'bad', problem: 'the address must stand in angle brackets' }
  }
  const inner = text.slice(1, -1)
  if (inner === '')
    return role === 'reverse' ? { kind: 'null' } : { kind: 'bad', problem: 'a recipient cannot be empty' }
  if (role === 'forward' && inner.toLowerCase() === 'postmaster') return { kind: 'postmaster' }
  const address = dropSourceRoute(inner)
  if (address === null) return { kind: 'bad', problem: 'malformed source route' }
  const whole = names ? publicAddress(names, address, role === 'reverse' ? 'sender' : 'recipient') : address
  const parsed = parseMailbox(whole, { looseDots: true })
  return parsed.kind === 'bad' ? parsed : { kind: 'mailbox', mailbox: parsed.mailbox, utf8: !isAscii(inner) }
}

/** The reply to a malformed path: 501 with 5.1.7 for a sender, 5.1.3 for a recipient (RFC 3463 3.2). */
export function badPath(role: PathRole, problem: string): Refusal {
  return role === 'reverse'
    ? refusal(501, '5.1.7', `Bad sender address syntax: ${problem}`)
    : refusal(501, '5.1.3', `Bad recipient address syntax: ${problem}`)
}

/** The index of the bracket that closes the path. A bracket inside a quoted local part does not close it. */
function closingBracket(text: string): number {
  let quoted = false
  for (let i = 1; i < text.length; i++) {
    const c = text[i]
    if (c === '\\' && quoted) i++
    else if (c === '"') quoted = !quoted
    else if (c === '>' && !quoted) return i
  }
  return -1
}

function dropSourceRoute(inner: string): string | null {
  if (!inner.startsWith('@')) return inner
  const colon = inner.indexOf(':')
  if (colon < 0) return null
  const hops = inner.slice(0, colon).split(',')
  return hops.every((hop) => hop.startsWith('@') && asciiDomain(hop.slice(1)) !== null) ? inner.slice(colon + 1) : null
}
