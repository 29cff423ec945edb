// Sends a stream of messages to a node over several connections, for tests that kill the node. It records the progress of each message
// (begun, final dot sent, 250 read) and checks that a delivered copy is complete.

import { setTimeout as sleep } from 'node:timers/promises'
import type { PeerMessage, SmtpPeer } from './smtp-peer.ts'
import type { SmtpDialogue } from './smtp-dialogue.ts'

export interface StreamSettings {
  readonly connections: number
  readonly recipients: readonly string[]
  /** Fields in front of each message. */
  readonly prefix?: string
  /** A connection; rejects while the node is away. */
  readonly connect: () => Promise<SmtpDialogue>
}

export interface MailStream {
  /** Ids of mails whose 250 was read. */
  readonly accepted: ReadonlySet<string>
  /** Ids of mails whose last dot was sent, with those that were accepted. */
  readonly ended: ReadonlySet<string>
  /** Resolves when the senders have stopped; a transaction under way ends first. */
  stop(): Promise<void>
}

/** Every so many mails one is too large to be kept in the database. */
const LARGE_EVERY = 5
const LARGE_LINES = 2300
const SMALL_LINES = 3
/** A client that was refused comes back after this. */
const PAUSE_MS = 20

/** Sends until it is stopped. */
export function startMailStream(settings: StreamSettings): MailStream {
  const accepted = new Set<string>()
  const ended = new Set<string>()
  const state = { running: true }
  const sendOne = async (client: SmtpDialogue, id: string) => {
    await client.expect('MAIL FROM:<ann@sender.example>', '250')
    for (const recipient of settings.recipients) await client.expect(`RCPT TO:<${recipient}>`, '250')
    await client.expect('DATA', '354')
    const message = `${settings.prefix ?? ''}${messageOf(id)}`
    client.write(message.slice(0, message.length / 2))
    // Some are cut in the middle.
    await sleep(0)
    ended.add(id)
    client.write(`${message.slice(message.length / 2)}.\r\n`)
    await client.expect(null, '250')
    accepted.add(id)
  }
  const sender = async (number: number) => {
    for (let turn = 0; state.running; ) {
      const client = await settings.connect().catch(() => null)
      try {
        await client?.expect(null, '220')
        await client?.expect('EHLO client.example', '250')
        while (client && state.running) await sendOne(client, `${number}-${turn++}`)
      } catch {
        // The node went away in the middle: nothing was promised for this mail.
      }
      client?.socket.destroy()
      await sleep(PAUSE_MS)
    }
  }
  const senders = Array.from({ length: settings.connections }, (_unused, number) => sender(number))
  return {
    accepted,
    ended,
    stop: async () => {
      state.running = false
      await Promise.all(senders)
    },
  }
}

/** Copies that came to the hosts: how many of each id and recipient, as `id recipient`; a copy that is not whole throws. */
export function copiesAt(hosts: readonly SmtpPeer[]): Map<string, number> {
  const copies = new Map<string, number>()
  for (const message of hosts.flatMap((host) => host.messages)) {
    const id = wholeId(message)
    for (const rcpt of message.rcpts) {
      const key = `${id} ${/<([^>]*)>/.exec(rcpt)?.[1]}`
      copies.set(key, (copies.get(key) ?? 0) + 1)
    }
  }
  return copies
}

function wholeId({ data }: PeerMessage): string {
  const text = data.toString('latin1')
  const id = /^Message-ID: <([^@>]+)/im.exec(text)?.[1] ?? 'none'
  if (!text.endsWith(messageOf(id))) throw new Error(`the copy of ${id} is not what was sent`)
  return id
}

function messageOf(id: string): string {
  const large = Number(id.split('-')[1]) % LARGE_EVERY === 0
  const line = `This is a line of the mail ${id}, and the next one says the same.\r\n`
  return `Message-ID: <${id}@sender.example>\r\nFrom: ann@sender.example\r\n\r\n${line.repeat(large ? LARGE_LINES : SMALL_LINES)}`
}
