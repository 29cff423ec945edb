// Reads the replies of clamd (clamd(8), COMMANDS). A reply that is not understood is a failure of the server, never "clean".

/** Characters kept of a name or an error: the usual ones have less than a hundred. */
const MOST_TEXT = 200

export type ClamdVerdict =
  | { readonly kind: 'clean' }
  | { readonly kind: 'infected'; readonly name: string }
  /** The message is larger than StreamMaxLength of the server. */
  | { readonly kind: 'too-large' }
  | { readonly kind: 'failed'; readonly cause: string }

/** The meaning of a reply to INSTREAM, without its final NUL. `isWhole`: the server has received the whole message. */
export function readVerdict(reply: string, isWhole: boolean): ClamdVerdict {
  const infected = /^stream: ([^]+) FOUND$/.exec(reply)?.[1]
  if (infected !== undefined) return { kind: 'infected', name: oneLine(infected) || 'unnamed' }
  if (reply === 'stream: OK')
    return isWhole ? { kind: 'clean' } : { kind: 'failed', cause: 'it answered before the end of the message' }
  if (/^INSTREAM size limit exceeded\.? ERROR$/.test(reply)) return { kind: 'too-large' }
  if (reply.endsWith(' ERROR')) return { kind: 'failed', cause: oneLine(reply) }
  return { kind: 'failed', cause: `its reply cannot be read: ${oneLine(reply)}` }
}

/** `ClamAV 1.4.3/27500/Sat Nov 29 08:32:11 2025` */
const version = /^ClamAV [^/]+\/\d+\/(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4})$/

/**
 * When the signatures were made, by a reply to VERSION, in Unix milliseconds. Null if it has none: so a server says that has no signatures
 * of ClamAV. The reply is in the time zone of the server, which is read as UTC: less than a day wrong.
 */
export function databaseDate(reply: string): number | null {
  const date = Date.parse(`${version.exec(reply)?.[1] ?? ''} UTC`)
  return Number.isNaN(date) ? null : date
}

/** One line of oneLine ASCII, because the text appears in the log and in the ledger. */
export function oneLine(text: string): string {
  return text
    .replace(/[^!-~]+/g, ' ')
    .trim()
    .slice(0, MOST_TEXT)
}
