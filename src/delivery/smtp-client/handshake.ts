// From a connected socket to a session that accepts mail: greeting, EHLO (HELO if the peer knows nothing else), STARTTLS, EHLO again
// (RFC 5321 sections 3.1 and 3.2; RFC 3207 section 4.2: what was learnt before TLS is discarded), AUTH. LMTP uses LHLO (RFC 2033 4.1).

import { isIPv6 } from 'node:net'
import type { Dialogue } from './smtp-dialogue.ts'
import type { Random } from '../../lib/random.ts'
import type { TlsFailure, TlsResult } from '../../smtp/tls-result.ts'
import { authenticate } from './smtp-auth.ts'
import { type Extensions, greetedName, noExtensions, readExtensions } from './extensions.ts'
import { type Secured, secure } from '../tls-policy/client-tls.ts'
import type { TlsRequirement } from '../tls-policy/tls-policy.ts'
import { awaitReply, isDeliveryError } from './smtp-command.ts'
import type { Target } from '../target.ts'
import type { DeliveryError, PeerReply } from './transport.ts'
import type { TransportSettings } from './transport-settings.ts'

export interface Greeted {
  readonly kind: 'greeted'
  readonly extensions: Extensions
}

export interface HandshakeRequest {
  readonly dialogue: Dialogue
  readonly target: Target
  readonly settings: TransportSettings
  readonly requirement: TlsRequirement
  /** False on the second connection, after TLS failed on the first and the policy allows mail without it. */
  readonly offerTls: boolean
  /** What implicit TLS or the first connection reached. */
  readonly tls: TlsResult
  readonly random: Random
}

const notOffered: DeliveryError = {
  kind: 'unsupported',
  scope: 'site',
  status: '4.7.4',
  text: 'The server does not offer STARTTLS, which the TLS policy requires',
}

export class Handshake {
  readonly #request: HandshakeRequest
  #tls: TlsResult
  #peerName: string | null = null

  constructor(request: HandshakeRequest) {
    this.#request = request
    this.#tls = request.tls
  }

  /** What TLS has reached so far. */
  get tls(): TlsResult {
    return this.#tls
  }

  /** The name in the last reply to EHLO, or in the greeting before it; null if the peer gave none. */
  get peerName(): string | null {
    return this.#peerName
  }

  async run(): Promise<Greeted | DeliveryError> {
    const greeted = await this.#greet()
    return greeted.kind === 'greeted' ? ((await this.#login(greeted)) ?? greeted) : greeted
  }

  async #greet(): Promise<Greeted | DeliveryError> {
    const { dialogue, settings, requirement, offerTls } = this.#request
    const greeting = await awaitReply(dialogue, { phase: 'greeting', timeout: settings.timeouts.greeting, expect: 2 })
    if (isDeliveryError(greeting)) return greeting
    this.#readName(greeting)
    const extensions = await this.#hello()
    if ('kind' in extensions) return extensions
    const done: Greeted = { kind: 'greeted', extensions }
    if (this.#tls.level !== 'none' || !offerTls || requirement.startTls === 'never') return done
    if (extensions.startTls) return this.#startTls(done)
    this.#fail('starttls-not-supported')
    return requirement.startTls === 'always' ? notOffered : done
  }

  /** A password is never sent without TLS, whatever the policy is. */
  async #login({ extensions }: Greeted): Promise<DeliveryError | null> {
    const { dialogue, target, settings, random } = this.#request
    const credentials = target.profile?.credentials
    if (!credentials) return null
    if (this.#tls.level === 'none') return notOffered
    return authenticate({ dialogue, credentials, offered: extensions.auth, timeout: settings.timeouts.ehlo, random })
  }

  async #startTls(clear: Greeted): Promise<Greeted | DeliveryError> {
    const { dialogue, settings, requirement } = this.#request
    dialogue.write('STARTTLS\r\n')
    const reply = await awaitReply(dialogue, { phase: 'starttls', timeout: settings.timeouts.starttls, expect: 2 })
    if (isDeliveryError(reply)) {
      this.#fail(reply.kind === 'refused' ? 'starttls-not-supported' : 'validation-failure')
      const mayContinue = reply.kind === 'refused' && reply.reply.code !== 421 && requirement.startTls === 'if-offered'
      return mayContinue ? clear : reply
    }
    if (dialogue.hasUnread) return this.#injected()
    return this.#upgrade()
  }

  async #upgrade(): Promise<Greeted | DeliveryError> {
    const { dialogue } = this.#request
    const within = dialogue.withinLimit(this.#request.settings.timeouts.starttls)
    const secured = await dialogue.upgrade((socket) =>
      secureTarget(socket, { ...this.#request, within }, dialogue.clock),
    )
    if (secured.kind !== 'secured') {
      this.#fail(secured.failure)
      return tlsError(secured)
    }
    this.#tls = reached(this.#request.requirement, secured)
    const extensions = await this.#hello()
    if (!('kind' in extensions)) return { kind: 'greeted', extensions }
    if (extensions.kind !== 'lost') return extensions
    // TLS that fails with the first reply inside it counts as a failed handshake: no mail command was sent yet.
    this.#fail('validation-failure')
    return lostInTls(`after the handshake: ${extensions.cause}`)
  }

  /** Replies that were sent before TLS would count as replies inside TLS (RFC 3207 section 6). */
  #injected(): DeliveryError {
    this.#request.dialogue.close('injected reply before TLS')
    this.#fail('validation-failure')
    return {
      kind: 'protocol-error',
      phase: 'starttls',
      cause: 'the server sent text before TLS, after its reply to STARTTLS',
    }
  }

  async #hello(): Promise<Extensions | DeliveryError> {
    const answer = await hello(this.#request)
    if ('kind' in answer) return answer
    this.#readName(answer.reply)
    return answer.extensions
  }

  #readName({ verbatim }: PeerReply): void {
    this.#peerName = greetedName(verbatim) ?? this.#peerName
  }

  #fail(failure: TlsFailure): void {
    this.#tls = { level: 'none', policy: this.#request.requirement.policy, failure }
  }
}

/** TLS with the target, by STARTTLS or from the first octet. */
export function secureTarget(
  socket: Parameters<typeof secure>[0]['socket'],
  request: Pick<HandshakeRequest, 'target' | 'settings' | 'requirement'> & { /** Ms. */ readonly within: number },
  clock: Dialogue['clock'],
): Promise<Secured> {
  const { target, settings, requirement, within } = request
  const contexts = target.profile?.tls ?? settings.tls
  return secure({ socket, host: target.host, requirement, contexts, timeout: within, clock })
}

export function reached(requirement: TlsRequirement, secured: Extract<Secured, { kind: 'secured' }>): TlsResult {
  const { policy, flaw } = requirement
  const failure = flaw ?? secured.failure
  return { level: secured.level, policy, protocol: secured.protocol, ...(failure && { failure }) }
}

/** What failed TLS means for the connection. */
export function tlsError({ kind, cause }: Exclude<Secured, { kind: 'secured' }>): DeliveryError {
  if (kind === 'failed') return lostInTls(cause)
  return { kind: 'unsupported', scope: 'site', status: '4.7.5', text: `Server certificate not trusted: ${cause}` }
}

function lostInTls(cause: string): DeliveryError {
  return { kind: 'lost', phase: 'tls', cause, silent: true }
}

/** EHLO, or HELO for a peer that knows nothing else, or LHLO. */
async function hello(
  request: HandshakeRequest,
): Promise<{ readonly reply: PeerReply; readonly extensions: Extensions } | DeliveryError> {
  const { dialogue, target, settings } = request
  const verb = target.protocol === 'lmtp' ? 'LHLO' : 'EHLO'
  const question = { phase: 'ehlo', timeout: settings.timeouts.ehlo, expect: 2 } as const
  const name = heloName(request)
  dialogue.write(`${verb} ${name}\r\n`)
  const reply = await awaitReply(dialogue, question)
  const discarded = target.profile?.discardEhlo ?? noKeywords
  if (!isDeliveryError(reply)) return { reply, extensions: readExtensions(reply.verbatim, discarded) }
  if (verb === 'LHLO' || !knowsOnlyHelo(reply)) return reply
  dialogue.write(`HELO ${name}\r\n`)
  const old = await awaitReply(dialogue, question)
  if (!isDeliveryError(old)) return { reply: old, extensions: noExtensions }
  // A server that closes after it refused EHLO has given its reason there.
  return old.kind === 'lost' ? reply : old
}

const noKeywords: ReadonlySet<string> = new Set()

/** The name that belongs to the address family of the connection. */
function heloName({ target, settings }: HandshakeRequest): string {
  const names = target.profile?.helo ?? settings.helo
  return target.endpoint.kind === 'tcp' && isIPv6(target.endpoint.address) ? names.ipv6 : names.ipv4
}

/**
 * RFC 5321 section 3.2: a client falls back to HELO if EHLO is not understood; as in Postfix, also if it is refused in other words (550, 554).
 * It does not if it is refused temporarily: without extensions the message could be sent without TLS or fail.
 */
function knowsOnlyHelo(error: DeliveryError): boolean {
  return error.kind === 'refused' && error.reply.code >= 500
}
