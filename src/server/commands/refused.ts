// Refusals by the server at MAIL or RCPT. The hooks get them too, so that the ledger has every refused message. Wrong order and unknown
// commands are not reported: they belong to no message.

import { type Answer, type Dialogue, say } from '../session-dialogue.ts'
import type { RefusedByServer } from '../server-hooks.ts'

/** A path has at most 256 octets (RFC 5321 4.5.3.1.3). */
const written = /^[^:]*:\s*<?([^>]{0,256})/

/** Reports the refusal to the hooks and answers the command with it. */
export function sayRefused<Resolution>(dialogue: Dialogue<Resolution>, refused: RefusedByServer): Answer {
  dialogue.context.hooks.refused(dialogue.session, refused)
  return say(refused.reply)
}

/** The text in place of an address that cannot be parsed, without brackets: the ledger is searched for it. Null if there is none. */
export function writtenPath(argument: string): string | null {
  const text = written.exec(argument)?.[1]?.trim().toWellFormed() ?? ''
  return text === '' ? null : text
}
