// The mail hosts of a soak: two for the far domains, one for the boxes, one for the senders. They check and count every message, and fail
// as the seed says.

import { createServer, type Server, type Socket } from 'node:net'
import type { Arrivals } from './arrivals.ts'
import { createHostFaults, type HostFault, type HostFaults } from './host-faults.ts'
import { kindOf, numberIn, SLOTS } from './mail-plan.ts'
import { textHash } from './seeded-random.ts'
import { type Envelope, serveSink, type SinkFault, type SinkHooks } from './sink-session.ts'
import { numberOf, wireBodyOf } from './soak-mail.ts'

export type SinkMood = 'good' | 'defers' | 'away'

export interface Sinks {
  /** All hosts together; `away` refuses connections and resets those that are open, at their next command. */
  setMood(mood: SinkMood): Promise<void>
  /** How often each fault of a transaction was injected. */
  readonly faults: ReadonlyMap<string, number>
  close(): Promise<void>
}

export interface SinkSettings {
  readonly seed: number
  readonly arrivals: Arrivals
  /** Addresses of the hosts by the slot that they count. */
  readonly hosts: readonly { readonly slot: number; readonly address: string }[]
  readonly port: number
  /** Names of the nodes in their Received fields. */
  readonly mx: string
  readonly srs: string
  /** The host accepted a message that it returns to this reverse-path. */
  readonly onReturn: (number: number, reversePath: string) => void
  readonly stallMs: number
}

/** Connections that wait to be taken: those of both nodes come at once after a fault. */
const BACKLOG = 1024
/** The Received fields are in this part of a message. */
const HEADER_OCTETS = 16_384

export async function startSinks(settings: SinkSettings): Promise<Sinks> {
  const faults = createHostFaults(settings.seed)
  const sockets = new Set<Socket>()
  const servers = new Set<Server>()
  let mood: SinkMood = 'good'
  const listen = async () => {
    for (const { slot, address } of settings.hosts) {
      const hooks = hooksOf({ settings, slot, faults, mood: () => mood })
      const server = createServer((socket) => {
        sockets.add(socket)
        socket.on('close', () => sockets.delete(socket))
        serveSink(socket, hooks)
      })
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(settings.port, address, BACKLOG, resolve)
      })
      servers.add(server)
    }
  }
  const unlisten = () => {
    for (const server of servers) server.close()
    servers.clear()
  }
  await listen()
  return {
    faults: faults.injected,
    setMood: async (wanted) => {
      if (wanted === 'away') unlisten()
      else if (mood === 'away') await listen()
      mood = wanted
    },
    close: async () => {
      unlisten()
      for (const socket of sockets) socket.destroy()
    },
  }
}

interface Host {
  readonly settings: SinkSettings
  readonly slot: number
  readonly faults: HostFaults
  readonly mood: () => SinkMood
}

function hooksOf(host: Host): SinkHooks {
  const { settings, slot, faults } = host
  const draw = ({ reversePath, recipient }: Envelope, ...kinds: readonly HostFault[]) =>
    faults.draw(numberIn(slot === SLOTS.report ? recipient : reversePath), ...kinds)
  return {
    fault: (envelope, stage) => {
      if (host.mood() === 'away') return { kind: 'reset' }
      if (host.mood() === 'defers') return { kind: 'reply', line: '451 4.3.2 Not now' }
      if (stage === 'data') return dataFault(draw(envelope, 'defer-data', 'stall'), settings.stallMs)
      const isRefused = slot === SLOTS.forward && kindOfPath(settings.seed, envelope.reversePath) === 'refused'
      if (isRefused) return { kind: 'reply', line: '550 5.1.1 No such person' }
      return recipientFault(draw(envelope, 'reset', 'defer-rcpt'))
    },
    cuts: (envelope) => draw(envelope, 'cut-data') !== null,
    received: (envelope, message) => {
      if (draw(envelope, 'defer-dot') !== null) return '451 4.3.0 Try again'
      const number = keep(settings, { slot, envelope, message })
      if (number === null || draw(envelope, 'no-reply') === null) return '250 2.0.0 Ok'
      settings.arrivals.recordUnanswered(number, slot)
      return null
    },
  }
}

function dataFault(kind: HostFault | null, stallMs: number): SinkFault | null {
  if (kind === null) return null
  return kind === 'stall' ? { kind, ms: stallMs } : { kind: 'reply', line: '452 4.3.1 No space' }
}

function recipientFault(kind: HostFault | null): SinkFault | null {
  if (kind === null) return null
  return kind === 'reset' ? { kind } : { kind: 'reply', line: '450 4.2.1 Try again' }
}

function kindOfPath(seed: number, reversePath: string) {
  const number = numberIn(reversePath)
  return number === null ? null : kindOf(seed, number)
}

interface Kept {
  readonly slot: number
  readonly envelope: Envelope
  readonly message: Buffer
}

/** Counts a message; returns its number, or null for one that no soak has sent. */
function keep(settings: SinkSettings, { slot, envelope, message }: Kept): number | null {
  const { seed, arrivals, mx, srs } = settings
  const head = message.toString('latin1', 0, Math.min(message.length, HEADER_OCTETS))
  const isReport = slot === SLOTS.report
  const number = isReport ? numberIn(envelope.recipient) : numberOf(head)
  if (number === null) {
    arrivals.wrong.push(`a message without a number from ${envelope.reversePath} to ${envelope.recipient}`)
    return null
  }
  if (isReport && envelope.reversePath !== '<>')
    arrivals.wrong.push(`a report for ${number} is from ${envelope.reversePath}`)
  if (!isReport) {
    const body = message.subarray(message.indexOf('\r\n\r\n') + 4)
    if (!body.equals(Buffer.from(wireBodyOf(seed, number))))
      arrivals.wrong.push(`the body of ${number} is not what was sent`)
  }
  if (!isReport) {
    const result = /\sdmarc=(\w+)/.exec(head)?.[1] ?? 'none'
    arrivals.dmarc.set(result, (arrivals.dmarc.get(result) ?? 0) + 1)
  }
  const isFirst = arrivals.copies(number, slot) === 0
  arrivals.record({ number, slot, mx: queueIdBy(head, mx), srs: queueIdBy(head, srs), at: Date.now() })
  if (isFirst && slot === SLOTS.forward && kindOf(seed, number) === 'returned')
    settings.onReturn(number, envelope.reversePath)
  return number
}

/** The hash of the queue ID in the Received field of a node; 0 without one. */
function queueIdBy(head: string, node: string): number {
  const at = head.indexOf(`by ${node}`)
  if (at < 0) return 0
  const id = /\sid\s+([A-Za-z0-9]+)/.exec(head.slice(at, at + 400))?.[1]
  return id === undefined ? 0 : textHash(id)
}
