// Describes errors of the LDAP library for an operator (result codes: RFC 4511 4.1.9 and appendix A).

import { ResultCodeError } from 'ldapts'

const words: Readonly<Record<number, string>> = {
  3: "the server's time limit was exceeded",
  4: "the server's size limit was exceeded",
  8: 'the server requires a stronger bind or TLS',
  10: 'the server returned a referral',
  11: 'an administrative limit of the server was exceeded',
  12: 'the server does not support paged results',
  13: 'the server requires TLS',
  32: 'the base does not exist, or is not visible with this bind',
  49: 'wrong credentials, or the account is locked',
  50: 'the bind has insufficient rights',
  51: 'the server is busy',
  52: 'the server is unavailable',
  53: 'the server is unwilling to perform the request',
}

/** True for an error result of the server itself, which a retry would not change. */
export function isRefusal(error: unknown): error is ResultCodeError {
  return error instanceof ResultCodeError
}

/**
 * Results of a bind that mean wrong credentials (RFC 4511 appendix A.2); some servers return 19 and 53 for a locked account. Other
 * results are failures of the server.
 */
const refusedLogins: ReadonlySet<number> = new Set([19, 32, 34, 48, 49, 53])

/** True if the server refused this identity only. */
export function isRefusedLogin(error: unknown): error is ResultCodeError {
  return isRefusal(error) && refusedLogins.has(error.code)
}

export function describeLdapError(error: unknown): string {
  if (!isRefusal(error)) return networkWords(error)
  const said = error.message.replaceAll(/\s*Code: 0x[0-9a-f]+\s*/gi, ' ').trim()
  return `${words[error.code] ?? `LDAP result ${error.code}`}${said === '' ? '' : ` (${said})`}`
}

function networkWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message, code } = error as NodeJS.ErrnoException
  // A connection attempt to several addresses fails with an AggregateError without a message.
  return message === '' ? (code ?? 'no connection') : (message.split('\n').at(-1) as string)
}
