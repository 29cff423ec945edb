// AUTH (RFC 4954): the framing of the SASL exchange. Only after TLS, only once, not within a mail transaction. The hook checks the credentials.

import type { Refusal, Reply } from '../../smtp/reply.ts'
import { callHook } from '../call-hook.ts'
import { type Answer, type Command, type Dialogue, say, sayThen, sayUncounted } from '../session-dialogue.ts'
import type { Credentials } from '../server-hooks.ts'
import {
  authCancelled,
  authDisabled,
  authenticated,
  authInTransaction,
  authMalformed,
  authMechanism,
  authNeedsTls,
  authSyntax,
  authTwice,
  heloFirst,
  tooManyErrors,
} from '../server-replies.ts'
import { type BearerMessage, decodeOauthBearer, decodeXoauth2 } from '../sasl-bearer.ts'
import { decodeBase64, decodeName, decodePlain } from '../sasl.ts'
import { offeredMechanisms } from './hello-command.ts'

type Obtained =
  | { readonly kind: 'credentials'; readonly credentials: Credentials }
  | { readonly kind: 'refused'; readonly reply: Reply }

const syntax = /^([A-Za-z0-9_-]{1,20})(?: +([^ ]+))?$/

export const auth: Command = async (dialogue, argument) => {
  const { session, context } = dialogue
  if (context.settings.mechanisms.length === 0) return say(authDisabled)
  if (session.helo === null) return say(heloFirst)
  if (session.tls === null && !context.settings.socket) return say(authNeedsTls)
  if (session.authenticated) return say(authTwice)
  if (dialogue.transaction) return say(authInTransaction)
  const match = syntax.exec(argument)
  if (!match) return say(authSyntax)
  const mechanism = (match[1] as string).toUpperCase()
  if (!offeredMechanisms(dialogue).includes(mechanism)) return say(authMechanism)
  const obtained = await obtain(dialogue, mechanism, match[2])
  if (obtained.kind === 'refused') return failed(dialogue, say(obtained.reply))
  return authenticate(dialogue, obtained.credentials)
}

async function authenticate<Resolution>(dialogue: Dialogue<Resolution>, credentials: Credentials): Promise<Answer> {
  const { session, context } = dialogue
  const result = await callHook(context.log, { hook: 'authenticate', session: session.id }, () =>
    context.hooks.authenticate(session, credentials),
  )
  if (result.kind === 'thrown') return say(result.reply)
  if (result.answer.kind === 'unavailable') return failed(dialogue, sayUncounted(result.answer.reply))
  if (result.answer.kind === 'refused') return failed(dialogue, say(result.answer.reply))
  session.origin = result.answer.origin
  session.authenticated = true
  return say(authenticated)
}

/** Ends the session after too many failures: each further series of guesses costs a handshake. */
function failed<Resolution>(dialogue: Dialogue<Resolution>, answer: Answer): Answer {
  dialogue.failedAuth++
  return dialogue.failedAuth >= dialogue.context.limits.failedAuth ? sayThen(tooManyErrors, 'close') : answer
}

function obtain<Resolution>(
  dialogue: Dialogue<Resolution>,
  mechanism: string,
  initial: string | undefined,
): Promise<Obtained> {
  switch (mechanism) {
    case 'PLAIN':
      return plain(dialogue, initial)
    case 'LOGIN':
      return login(dialogue, initial)
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-256-PLUS':
      return scram(dialogue, mechanism, initial)
    case 'OAUTHBEARER':
      return bearer(dialogue, decodeOauthBearer, initial)
    case 'XOAUTH2':
      return bearer(dialogue, decodeXoauth2, initial)
    default:
      return external(dialogue, initial)
  }
}

async function plain<Resolution>(dialogue: Dialogue<Resolution>, initial: string | undefined): Promise<Obtained> {
  const text = await response(dialogue, '', initial)
  if (text === null) return refuse(authCancelled)
  const message = decodePlain(text)
  if (message.kind === 'malformed') return refuse(authMalformed)
  const { user, password, authzid } = message
  return { kind: 'credentials', credentials: { kind: 'password', user, password, authzid } }
}

/** The prompts are `Username:` and `Password:` in base64; clients compare them. */
async function login<Resolution>(dialogue: Dialogue<Resolution>, initial: string | undefined): Promise<Obtained> {
  const first = await response(dialogue, 'VXNlcm5hbWU6', initial)
  if (first === null) return refuse(authCancelled)
  const user = decodeName(first)
  if (user === null || user === '') return refuse(authMalformed)
  const second = await response(dialogue, 'UGFzc3dvcmQ6', undefined)
  if (second === null) return refuse(authCancelled)
  const password = decodeBase64(second)
  if (password === null || password === '') return refuse(authMalformed)
  return { kind: 'credentials', credentials: { kind: 'password', user, password, authzid: null } }
}

async function external<Resolution>(dialogue: Dialogue<Resolution>, initial: string | undefined): Promise<Obtained> {
  const text = await response(dialogue, '', initial)
  if (text === null) return refuse(authCancelled)
  const authzid = decodeName(text)
  if (authzid === null) return refuse(authMalformed)
  return { kind: 'credentials', credentials: { kind: 'external', authzid: authzid === '' ? null : authzid } }
}

async function scram<Resolution>(
  dialogue: Dialogue<Resolution>,
  mechanism: string,
  initial: string | undefined,
): Promise<Obtained> {
  const text = await response(dialogue, '', initial)
  if (text === null) return refuse(authCancelled)
  const message = decodeBase64(text)
  if (message === null) return refuse(authMalformed)
  const plus = 'SCRAM-SHA-256-PLUS'
  const isPlusOffered = offeredMechanisms(dialogue).includes(plus)
  const credentials = {
    kind: 'scram',
    message,
    isPlus: mechanism === plus,
    isPlusOffered,
    ask: asker(dialogue),
  } as const
  return { kind: 'credentials', credentials: { ...credentials, channel: dialogue.channelBinding() } }
}

async function bearer<Resolution>(
  dialogue: Dialogue<Resolution>,
  decode: (text: string) => BearerMessage,
  initial: string | undefined,
): Promise<Obtained> {
  const text = await response(dialogue, '', initial)
  if (text === null) return refuse(authCancelled)
  const message = decode(text)
  if (message.kind === 'malformed') return refuse(authMalformed)
  const { user, token } = message
  return { kind: 'credentials', credentials: { kind: 'token', user, token, ask: asker(dialogue) } }
}

/** Sends further messages of a mechanism; the answer of the client, or the reply if it has none. */
function asker<Resolution>(dialogue: Dialogue<Resolution>): (message: string) => Promise<string | Refusal> {
  return async (message) => {
    const answer = await response(dialogue, Buffer.from(message).toString('base64'), undefined)
    return answer === null ? authCancelled : (decodeBase64(answer) ?? authMalformed)
  }
}

/**
 * The client's base64 text: the initial response, where `=` is empty (RFC 4954 4), or the answer to a 334. Null if the client cancelled or
 * disconnected.
 */
async function response<Resolution>(
  dialogue: Dialogue<Resolution>,
  prompt: string,
  initial: string | undefined,
): Promise<string | null> {
  if (initial !== undefined) return initial === '=' ? '' : initial
  const line = await dialogue.challenge(prompt)
  const text = line?.toString('latin1').trimEnd() ?? '*'
  return text === '*' ? null : text
}

function refuse(reply: Reply): Obtained {
  return { kind: 'refused', reply }
}
