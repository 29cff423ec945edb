// The session of a client that is refused for good. It stays open until the client sends QUIT: after a refusal in the greeting every other
// command gets 503 (RFC 5321 3.1), after one behind a TLS handshake the refusal itself (RFC 3207 4.1).

import type { Reply } from '../../smtp/reply.ts'
import { goodbye } from '../server-replies.ts'
import { type Answer, say, sayThen } from '../session-dialogue.ts'

const quit = /^quit[ \t]*$/i

/** @param reply the reply to every command but QUIT */
export function answerRefused(reply: Reply, line: Buffer): Answer {
  return quit.test(line.toString('latin1')) ? sayThen(goodbye, 'close') : say(reply)
}
