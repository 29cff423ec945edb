// A refusal of the server's own at MAIL or RCPT: said, and told to the hooks, so that nobody's mail is refused without a trace.
// Wrong order and unknown commands are not told: they name no mail.

import { type Answer, type Dialogue, say } from '../session-dialogue.ts'
import type { RefusedByServer } from '../server-hooks.ts'

/** No address is longer (RFC 5321 4.5.3.1.3). */
const written = /^[^:]*:\s*<?([^>]{0,256})/

/** The answer of a command that refuses. */
export function sayRefused(dialogue: Dialogue, refused: RefusedByServer): Answer {
  dialogue.context.hooks.refused(dialogue.session, refused)
  return say(refused.reply)
}

/** What stands in place of an address that cannot be read, without its brackets: under that it is looked for. Null if there is nothing. */
export function writtenPath(argument: string): string | null {
  const text = written.exec(argument)?.[1]?.trim().toWellFormed() ?? ''
  return text === '' ? null : text
}
