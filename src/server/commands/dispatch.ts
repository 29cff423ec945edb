// The table of commands and the rules for all of them (RFC 5321 4.1.4, RFC 3207 4).

import { type Reply, unforeseen } from '../../smtp/reply.ts'
import { readCommandLine } from '../command-line.ts'
import { type Answer, type Command, type Dialogue, say, sayThen } from '../session-dialogue.ts'
import { badChunk, goodbye, notHttp, tlsFirst, unknownCommand } from '../server-replies.ts'
import { auth } from './auth-command.ts'
import { bdat, refuseChunk } from './bdat-command.ts'
import { ehlo, helo } from './hello-command.ts'
import { mail } from './mail-command.ts'
import { rcpt } from './rcpt-command.ts'
import { xclient } from './xclient-command.ts'
import { xforward } from './xforward-command.ts'
import { data, help, noop, quit, rset, starttls, unimplemented, vrfy } from './simple-commands.ts'

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['MAIL', mail],
  ['RCPT', rcpt],
  ['DATA', data],
  ['BDAT', bdat],
  ['EHLO', ehlo],
  ['HELO', helo],
  ['RSET', rset],
  ['NOOP', noop],
  ['QUIT', quit],
  ['VRFY', vrfy],
  ['HELP', help],
  ['STARTTLS', starttls],
  ['AUTH', auth],
  ['XCLIENT', xclient],
  ['XFORWARD', xforward],
  // Known and not implemented: RFC 5321 4.1.1.7 and appendix F.6, RFC 1985.
  ...['EXPN', 'SEND', 'SOML', 'SAML', 'TURN', 'ETRN', 'ATRN', 'BURL'].map((verb): [string, Command] => [
    verb,
    unimplemented,
  ]),
])

/** The commands before TLS where TLS is required (RFC 3207 4). */
const beforeTls = new Set(['EHLO', 'NOOP', 'STARTTLS', 'QUIT'])

/** Requests that a web page can make a browser send to this port. */
const httpMethods = new Set(['GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE', 'PATCH'])

const quitLine = /^quit[ \t]*$/i

/**
 * The session of a client that is refused for good stays open until QUIT. After a refusal in the greeting every other command gets 503 (RFC
 * 5321 3.1), after one behind a TLS handshake the refusal itself (RFC 3207 4.1).
 */
function answerRefused(reply: Reply, line: Buffer): Answer {
  return quitLine.test(line.toString('latin1')) ? sayThen(goodbye, 'close') : say(reply)
}

/** Runs one command. An exception is a bug: the client gets 451 4.3.0 and the log gets the stack. */
export async function answerTo<Resolution>(dialogue: Dialogue<Resolution>, line: Buffer): Promise<Answer> {
  try {
    if (dialogue.refused) return answerRefused(dialogue.refused, line)
    return await dispatch(dialogue, line)
  } catch (error) {
    dialogue.context.log.bug(error, 'command dispatch', { session: dialogue.session.id })
    return say(unforeseen(error))
  }
}

function dispatch<Resolution>(dialogue: Dialogue<Resolution>, line: Buffer): Answer | Promise<Answer> {
  const read = readCommandLine(line, dialogue.context.limits)
  if (read.kind === 'bad') return startsChunk(line) ? sayThen(badChunk, 'close') : say(read.reply)
  const { verb, argument } = read
  if (httpMethods.has(verb)) return sayThen(notHttp, 'close')
  const command = commands.get(verb)
  if (!command) return say(unknownCommand)
  const { context, session } = dialogue
  if (session.tls === null && context.settings.tls === 'starttls-required' && !beforeTls.has(verb))
    return verb === 'BDAT' ? refuseChunk(argument, tlsFirst) : say(tlsFirst)
  return command(dialogue, argument)
}

/** True for a line that cannot be read, but that the client may have sent as BDAT: octets of a message may follow it. */
function startsChunk(line: Buffer): boolean {
  return line.toString('latin1', 0, 4).toUpperCase() === 'BDAT'
}
