// What each scenario of the demonstration works with: the fleet, the hosts around it, and a client that sends messages.

import type { Sent, TestMail } from '../cli/mail/mail-client.ts'
import { systemClock } from '../lib/clock.ts'
import type { Event } from '../observe/events.ts'
import type { NodeName } from './demo-addresses.ts'
import type { Fleet } from './fleet.ts'
import type { InternetHost } from './internet-host.ts'
import type { Authority as Dns } from './authority.ts'

export interface Environment {
  readonly fleet: Fleet
  readonly dns: Dns
  /** Accepts all mail for home.example.net, mail.example.com and stranger.example. */
  readonly acceptingHost: InternetHost
  /** The host of post.example.edu and inbox.example.net: a scenario starts and stops it. `current` is null while it is stopped. */
  readonly failingHost: { current: InternetHost | null; start(): Promise<InternetHost>; stop(): Promise<void> }
  /** Prints one line of the running scenario. */
  print(text: string): void
  /** Sends a message and prints the SMTP dialogue; `client` is the name printed for the client. */
  send(
    client: string,
    mail: Omit<TestMail, 'host' | 'port' | 'onLine'> & { readonly node: NodeName; readonly port: number },
  ): Promise<Sent>
  /** A unique Message-ID; the demonstration prints the trace of each one at the end of the scenario. */
  newId(scenario: string, domain: string): string
  /** The events of a message on all nodes, by its Message-ID, in order of time. */
  trace(messageId: string): Promise<readonly { readonly node: NodeName; readonly event: Event }[]>
}

export interface Expectation {
  readonly what: string
  readonly ok: boolean
  /** The observed value. */
  readonly seen: string
}

export interface Scenario {
  readonly letter: string
  readonly title: string
  /** What the scenario shows, printed before it runs. */
  readonly about: string
  run(environment: Environment): Promise<readonly Expectation[]>
}

/** Timeout for a message, ms. Retries come every two seconds, but a loaded machine is slow. */
export const ARRIVAL_TIMEOUT_MS = 30_000

/** A complete small message. */
export function testMessage(mail: { from: string; to: string; subject: string; id: string; text?: string }): string {
  return [
    `From: ${mail.from}`,
    `To: ${mail.to}`,
    `Subject: ${mail.subject}`,
    `Date: ${new Date(systemClock.now()).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: ${mail.id}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    mail.text ?? 'This is a test message of the Waypost demonstration.',
    '',
  ].join('\r\n')
}

export function expectation(what: string, ok: boolean, seen: string): Expectation {
  return { what, ok, seen }
}

/** The header section of a message as text. */
export function headerOf(message: Buffer): string {
  const text = message.toString('latin1')
  const end = text.indexOf('\r\n\r\n')
  return end < 0 ? text : text.slice(0, end + 2)
}

/** The values of a field, unfolded. */
export function fieldValues(message: Buffer, name: string): string[] {
  const unfolded = headerOf(message).replace(/\r\n[ \t]+/g, ' ')
  return unfolded
    .split('\r\n')
    .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    .map((line) => line.slice(name.length + 1).trim())
}
