// From a connected socket to a session that takes mail: greeting, EHLO (HELO where that is all the peer knows), STARTTLS, EHLO
// again (RFC 5321 3.1–3.2, RFC 3207 4.2: what was learnt before TLS is forgotten), AUTH. LMTP says LHLO (RFC 2033 4.1).

import { isIPv6 } from 'node:net'
import type { Dialogue } from './smtp-dialogue.ts'
import type { Random } from '../lib/random.ts'
import { authenticate } from './smtp-auth.ts'
import { type Extensions, noExtensions, readExtensions } from './extensions.ts'
import { secure } from './tls-policy/client-tls.ts'
import { ask, isTrouble } from './smtp-command.ts'
import type { Target, Trouble } from './transport.ts'
import type { TransportSettings } from './transport-settings.ts'

export interface Greeted {
  readonly kind: 'greeted'
  readonly extensions: Extensions
  readonly tls: string | null
}

export interface HandshakeRequest {
  readonly dialogue: Dialogue
  readonly target: Target
  readonly settings: TransportSettings
  /** Level already reached by implicit TLS. */
  readonly tls: string | null
  /** False after a failed handshake at level `may`: the second connection stays in the clear. */
  readonly offerTls: boolean
  readonly random: Random
}

export async function handshake(request: HandshakeRequest): Promise<Greeted | Trouble> {
  const greeted = await greet(request)
  return greeted.kind === 'greeted' ? ((await login(request, greeted)) ?? greeted) : greeted
}

async function greet(request: HandshakeRequest): Promise<Greeted | Trouble> {
  const { dialogue, settings } = request
  const greeting = await ask(dialogue, { phase: 'greeting', timeout: settings.timeouts.greeting, expect: 2 })
  if (isTrouble(greeting)) return greeting
  const extensions = await hello(request)
  if ('kind' in extensions) return extensions
  if (request.tls !== null || !wantsTls(request)) return { kind: 'greeted', extensions, tls: request.tls }
  if (!extensions.startTls) return insists(request.target) ? notOffered : { kind: 'greeted', extensions, tls: null }
  return startTls(request, extensions)
}

const notOffered: Trouble = {
  kind: 'unfit',
  scope: 'site',
  status: '4.7.4',
  text: 'TLS is required, but the server does not offer it',
}

/** A password never travels in the clear, whatever the level says. */
async function login(request: HandshakeRequest, { extensions, tls }: Greeted): Promise<Trouble | null> {
  const { dialogue, target, settings, random } = request
  const credentials = target.profile?.credentials
  if (!credentials) return null
  if (tls === null) return notOffered
  return authenticate({ dialogue, credentials, offered: extensions.auth, timeout: settings.timeouts.ehlo, random })
}

function wantsTls(request: HandshakeRequest): boolean {
  return request.offerTls && request.target.security !== 'none'
}

function insists(target: Target): boolean {
  return target.security === 'encrypt' || target.security === 'verify'
}

async function hello(request: HandshakeRequest): Promise<Extensions | Trouble> {
  const { dialogue, target, settings } = request
  const verb = target.protocol === 'lmtp' ? 'LHLO' : 'EHLO'
  const question = { phase: 'ehlo', timeout: settings.timeouts.ehlo, expect: 2 } as const
  const name = ourName(request)
  dialogue.write(`${verb} ${name}\r\n`)
  const answer = await ask(dialogue, question)
  if (!isTrouble(answer)) return readExtensions(answer.verbatim, target.profile?.discardEhlo ?? nothing)
  if (verb === 'LHLO' || !speaksOnlyHelo(answer)) return answer
  dialogue.write(`HELO ${name}\r\n`)
  const old = await ask(dialogue, question)
  return isTrouble(old) ? old : noExtensions
}

const nothing: ReadonlySet<string> = new Set()

/** The name that belongs to the address family we come from. */
function ourName({ target, settings }: HandshakeRequest): string {
  const names = target.profile?.helo ?? settings.helo
  return target.endpoint.kind === 'tcp' && isIPv6(target.endpoint.address) ? names.ipv6 : names.ipv4
}

/** RFC 5321 3.2: a client falls back to HELO when EHLO is not understood, not when it is refused for the moment. */
function speaksOnlyHelo(trouble: Trouble): boolean {
  return trouble.kind === 'refused' && trouble.reply.code >= 500 && trouble.reply.code <= 504
}

async function startTls(request: HandshakeRequest, clear: Extensions): Promise<Greeted | Trouble> {
  const { dialogue, target, settings } = request
  dialogue.write('STARTTLS\r\n')
  const go = await ask(dialogue, { phase: 'starttls', timeout: settings.timeouts.starttls, expect: 2 })
  if (isTrouble(go)) {
    const mayGoOn = go.kind === 'refused' && go.reply.code !== 421 && !insists(target)
    return mayGoOn ? { kind: 'greeted', extensions: clear, tls: null } : go
  }
  if (dialogue.hasUnread) return injected(dialogue)
  let level = ''
  let untrusted = false
  const failure = await dialogue.replaceSocket(async (socket) => {
    const secured = await secure({ socket, target, settings, clock: dialogue.clock })
    if (secured.kind === 'secured') level = secured.level
    untrusted = secured.kind === 'untrusted'
    return secured.kind === 'secured' ? secured.socket : secured
  })
  if (failure !== null) return untrusted ? notTrusted(failure) : lostInTls(failure)
  const extensions = await hello(request)
  if (!('kind' in extensions)) return { kind: 'greeted', extensions, tls: level }
  // A TLS that dies with the first word inside it is as broken as one that never stood; nothing of a mail was said yet.
  return extensions.kind === 'lost' ? lostInTls(`after the handshake: ${extensions.cause}`) : extensions
}

/** Replies in the clear behind the 220 to STARTTLS would be taken for replies inside TLS. */
function injected(dialogue: Dialogue): Trouble {
  dialogue.close('text behind the reply to STARTTLS')
  return { kind: 'nonsense', phase: 'starttls', cause: 'text in the clear behind the reply to STARTTLS' }
}

function lostInTls(cause: string): Trouble {
  return { kind: 'lost', phase: 'tls', cause, silent: true }
}

/** Also for implicit TLS. */
export function notTrusted(cause: string): Trouble {
  return { kind: 'unfit', scope: 'site', status: '4.7.5', text: `Server certificate not trusted: ${cause}` }
}
