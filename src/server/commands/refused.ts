// A refusal of the server's own at MAIL or RCPT: said, and told to the hooks, so that nobody's mail is refused without a trace.
// Wrong order and unknown commands are not told: they name no mail.

import type { Refusal } from '../../smtp/reply.ts'
import { type Answer, type Dialogue, say } from '../dialogue.ts'
import type { RefusedByServer } from '../hooks.ts'

/** Characters of an unreadable argument that the cause keeps. */
const MOST_QUOTED = 256

/** The answer of a command that refuses. */
export function sayRefused(dialogue: Dialogue, refused: RefusedByServer): Answer {
  dialogue.context.hooks.refused(dialogue.session, refused)
  return say(refused.reply)
}

/** The refusal of a path that cannot be read, with what was written as its private cause. */
export function quoting(reply: Refusal, argument: string): Refusal {
  return { ...reply, cause: `${reply.text}: ${argument.slice(0, MOST_QUOTED).toWellFormed()}` }
}
