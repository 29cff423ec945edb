// The SMTP and LMTP client behind transport.ts: dials, secures, greets, and gives out connections that carry many messages.
// Opportunistic TLS that fails is tried again in the clear on a new connection (RFC 7435): `may` promises no more.

import type { Socket } from 'node:net'
import type { Clock } from '../lib/clock.ts'
import { type Random, systemRandom } from '../lib/random.ts'
import { createDial, type Dial } from './dial.ts'
import { Dialogue } from './smtp-dialogue.ts'
import { handshake, notTrusted } from './handshake.ts'
import { secure } from './tls-policy/client-tls.ts'
import { type Channel, transact } from './transaction.ts'
import {
  describeTarget,
  type OpenResult,
  type RecipientResult,
  type Target,
  type Transport,
  type TransportConnection,
  type TransportContent,
  type TransportEnvelope,
  type Trouble,
} from './transport.ts'
import type { TransportSettings } from './transport-settings.ts'

export interface TransportPorts {
  readonly clock: Clock
  readonly dial?: Dial
  /** For the nonces of SCRAM. */
  readonly random?: Random
}

type Ready =
  | { readonly kind: 'ready'; readonly socket: Socket; readonly level: string | null }
  | { readonly kind: 'refused'; readonly trouble: Trouble }

export function createSmtpTransport(settings: TransportSettings, ports: TransportPorts): Transport {
  const { clock, random = systemRandom } = ports
  const dial = ports.dial ?? createDial(settings, clock)
  const attempt = async (target: Target, offerTls: boolean): Promise<OpenResult> => {
    const peer = describeTarget(target)
    const closed = (trouble: Trouble): OpenResult => ({ kind: 'closed', peer, trouble })
    const dialled = await dial(target.endpoint, target.profile?.source)
    if (dialled.kind === 'lost') return closed({ kind: 'lost', phase: 'connect', cause: dialled.cause, silent: true })
    const ready = await secureAtOnce(dialled.socket, target)
    if (ready.kind === 'refused') return closed(ready.trouble)
    const dialogue = new Dialogue(ready.socket, clock)
    const greeted = await handshake({ dialogue, target, settings, tls: ready.level, offerTls, random })
    if (greeted.kind !== 'greeted') {
      if (greeted.kind === 'refused' || greeted.kind === 'unfit') dialogue.farewell('QUIT\r\n')
      else dialogue.close('handshake failed')
      return closed(greeted)
    }
    return { kind: 'open', connection: connectionOver({ dialogue, target, settings, greeted }) }
  }
  const secureAtOnce = async (socket: Socket, target: Target): Promise<Ready> => {
    if (!target.implicitTls) return { kind: 'ready', socket, level: null }
    const secured = await secure({ socket, target, settings, clock })
    if (secured.kind === 'secured') return { kind: 'ready', socket: secured.socket, level: secured.level }
    const trouble: Trouble =
      secured.kind === 'untrusted'
        ? notTrusted(secured.cause)
        : { kind: 'lost', phase: 'tls', cause: secured.cause, silent: true }
    return { kind: 'refused', trouble }
  }
  return {
    open: async (target) => {
      const first = await attempt(target, true)
      return mayGoClear(first, target) ? attempt(target, false) : first
    },
  }
}

function mayGoClear(result: OpenResult, target: Target): boolean {
  if (result.kind === 'open' || target.security !== 'may' || target.implicitTls) return false
  const { trouble } = result
  return trouble.kind === 'lost' && (trouble.phase === 'tls' || trouble.phase === 'starttls')
}

interface Established {
  readonly dialogue: Dialogue
  readonly target: Target
  readonly settings: TransportSettings
  readonly greeted: { readonly extensions: Channel['extensions']; readonly tls: string | null }
}

function connectionOver({ dialogue, target, settings, greeted }: Established): TransportConnection {
  const channel: Channel = {
    dialogue,
    extensions: greeted.extensions,
    timeouts: settings.timeouts,
    lmtp: target.protocol === 'lmtp',
    verified: target.security === 'verify' && greeted.tls !== null,
    needsReset: false,
  }
  let busy = false
  return {
    target,
    peer: describeTarget(target),
    tls: greeted.tls,
    offersDsn: greeted.extensions.dsn,
    get usable() {
      return !busy && dialogue.end === null && !dialogue.hasUnread
    },
    send: async (envelope: TransportEnvelope, content: TransportContent): Promise<readonly RecipientResult[]> => {
      busy = true
      const results = await transact(channel, envelope, content)
      busy = false
      return results
    },
    quit: () => dialogue.farewell('QUIT\r\n'),
    close: () => dialogue.close('closed by us'),
  }
}
