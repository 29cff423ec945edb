// The SMTP and LMTP client behind transport.ts: it connects, secures and greets, and returns connections that carry many messages.
// If TLS fails and the policy of the host does not insist on it, a second connection is opened without TLS (RFC 7435).

import type { Socket } from 'node:net'
import type { Clock } from '../../lib/clock.ts'
import { plainAddress } from '../../lib/ip-address.ts'
import { type Random, systemRandom } from '../../lib/random.ts'
import type { TlsResult } from '../../smtp/tls-result.ts'
import { createDial, type Dial } from './dial.ts'
import { Dialogue } from './smtp-dialogue.ts'
import { Handshake, reached, secureTarget, tlsError } from './handshake.ts'
import { isGuessed } from '../tls-policy/host-path.ts'
import type { TlsRequirement } from '../tls-policy/tls-policy.ts'
import { type Channel, transact } from './transaction.ts'
import { describeTarget, type Target } from '../target.ts'
import type {
  OpenResult,
  RecipientResult,
  Transport,
  TransportConnection,
  TransportContent,
  TransportEnvelope,
  DeliveryError,
} from './transport.ts'
import type { TransportSettings } from './transport-settings.ts'

export interface TransportPorts {
  readonly clock: Clock
  readonly dial?: Dial
  /** For the nonces of SCRAM. */
  readonly random?: Random
}

/** One connection to a target. */
interface Attempt {
  readonly target: Target
  readonly requirement: TlsRequirement
  readonly offerTls: boolean
  /** Before this connection is secured. */
  readonly tls: TlsResult
  /** Monotonic ms by which the session must be open. */
  readonly until: number
}

/** The same, connected. */
interface Connected extends Attempt {
  readonly localAddress: string | null
}

export function createSmtpTransport(settings: TransportSettings, ports: TransportPorts): Transport {
  const { clock } = ports
  const connector = new Connector(settings, {
    clock,
    dial: ports.dial ?? createDial(settings, clock),
    random: ports.random ?? systemRandom,
  })
  return { open: (target, requirement, until) => connector.open(target, requirement, until) }
}

class Connector {
  readonly #settings: TransportSettings
  readonly #ports: Required<TransportPorts>

  constructor(settings: TransportSettings, ports: Required<TransportPorts>) {
    this.#settings = settings
    this.#ports = ports
  }

  async open(target: Target, requirement: TlsRequirement, until = Number.POSITIVE_INFINITY): Promise<OpenResult> {
    const tls: TlsResult = { level: 'none', policy: requirement.policy }
    const first = await this.#connect({ target, requirement, offerTls: true, tls, until })
    if (!mayContinueWithoutTls(first, target, requirement)) return first
    return this.#connect({ target, requirement, offerTls: false, tls: first.tls ?? tls, until })
  }

  async #connect(attempt: Attempt): Promise<OpenResult> {
    const { target } = attempt
    const source = target.profile?.source ?? null
    const dialled = await this.#ports.dial(target.endpoint, { source, within: this.#remaining(attempt) })
    if (dialled.kind === 'connected')
      return this.#secureAtOnce({ ...attempt, localAddress: localAddressOf(dialled.socket) }, dialled.socket)
    const error: DeliveryError = { kind: 'lost', phase: 'connect', cause: dialled.cause, silent: true }
    return {
      kind: 'closed',
      peer: describeTarget(target),
      reached: false,
      localAddress: null,
      peerName: null,
      error,
      tls: null,
    }
  }

  async #secureAtOnce(attempt: Connected, socket: Socket): Promise<OpenResult> {
    const { target, requirement } = attempt
    if (!target.implicitTls) return this.#greet(attempt, socket)
    const settings = this.#settings
    const within = Math.min(settings.timeouts.starttls, this.#remaining(attempt))
    const secured = await secureTarget(socket, { ...attempt, settings, within }, this.#ports.clock)
    if (secured.kind === 'secured')
      return this.#greet({ ...attempt, tls: reached(requirement, secured) }, secured.socket)
    return closed(attempt, tlsError(secured), { peerName: null, tls: { ...attempt.tls, failure: secured.failure } })
  }

  /** Ms that are left of the attempt. */
  #remaining({ until }: Attempt): number {
    return Math.max(0, until - this.#ports.clock.monotonic())
  }

  async #greet(attempt: Connected, socket: Socket): Promise<OpenResult> {
    const { until } = attempt
    const { clock, random } = this.#ports
    const settings = this.#settings
    const dialogue = new Dialogue(socket, clock, until)
    const handshake = new Handshake({ ...attempt, dialogue, settings, random })
    const greeted = await handshake.run()
    if (greeted.kind === 'greeted') {
      const { extensions } = greeted
      const { tls, peerName } = handshake
      return { kind: 'open', connection: connectionOver({ ...attempt, dialogue, settings, extensions, tls, peerName }) }
    }
    if (greeted.kind === 'refused' || greeted.kind === 'unsupported') dialogue.closeWith('QUIT\r\n')
    else dialogue.close('handshake failed')
    return closed(attempt, greeted, handshake)
  }
}

function closed(
  { target, localAddress }: Connected,
  error: DeliveryError,
  { peerName, tls }: Pick<Handshake, 'peerName' | 'tls'>,
): OpenResult {
  return { kind: 'closed', peer: describeTarget(target), reached: true, localAddress, peerName, error, tls }
}

/** Null for a unix socket. */
function localAddressOf({ localAddress }: Socket): string | null {
  return localAddress === undefined ? null : plainAddress(localAddress)
}

function mayContinueWithoutTls(
  result: OpenResult,
  target: Target,
  requirement: TlsRequirement,
): result is Extract<OpenResult, { kind: 'closed' }> {
  if (result.kind === 'open' || requirement.startTls !== 'if-offered' || target.implicitTls) return false
  const { error } = result
  return error.kind === 'lost' && (error.phase === 'tls' || error.phase === 'starttls')
}

interface Established {
  readonly dialogue: Dialogue
  readonly target: Target
  readonly requirement: TlsRequirement
  readonly settings: TransportSettings
  readonly extensions: Channel['extensions']
  readonly localAddress: string | null
  readonly peerName: string | null
  readonly tls: TlsResult
}

function connectionOver({
  dialogue,
  target,
  requirement,
  settings,
  extensions,
  localAddress,
  peerName,
  tls,
}: Established): TransportConnection {
  const channel: Channel = {
    dialogue,
    extensions,
    timeouts: settings.timeouts,
    lmtp: target.protocol === 'lmtp',
    verified: tls.level === 'verified' && (requirement.provesName === true || !isGuessed(target.host, target.path)),
    needsReset: false,
  }
  let busy = false
  return {
    target,
    requirement,
    peer: describeTarget(target),
    localAddress,
    peerName,
    tls,
    offersDsn: extensions.dsn,
    get usable() {
      return !busy && dialogue.end === null && !dialogue.hasUnread
    },
    send: async (
      envelope: TransportEnvelope,
      content: TransportContent,
      until = Number.POSITIVE_INFINITY,
    ): Promise<readonly RecipientResult[]> => {
      busy = true
      dialogue.endAt(until)
      const results = await transact(channel, envelope, content)
      busy = false
      return results
    },
    quit: () => dialogue.closeWith('QUIT\r\n'),
    close: () => dialogue.close('closed by the client'),
  }
}
