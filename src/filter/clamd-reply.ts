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

/** One line of oneLine ASCII, because the text appears in the log and in the ledger. */
export function oneLine(text: string): string {
  return text
    .replace(/[^!-~]+/g, ' ')
    .trim()
    .slice(0, MOST_TEXT)
}
