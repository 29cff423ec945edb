// What every scene of the demonstration has at hand: the fleet, the small internet around it, and people who write mails.

import type { Sent, TestMail } from '../cli/mail-client.ts'
import type { Event } from '../observe/events.ts'
import type { NodeName } from './demo-addresses.ts'
import type { Fleet } from './fleet.ts'
import type { InternetHost } from './internet-host.ts'
import type { Authority as Dns } from './authority.ts'

export interface Stage {
  readonly fleet: Fleet
  readonly dns: Dns
  /** Accepts everything: home.example.net, mail.example.com and the strangers' own domain. */
  readonly friendly: InternetHost
  /** Misbehaves on command: post.example.edu, inbox.example.net. */
  readonly moody: { current: InternetHost | null; start(): Promise<InternetHost>; stop(): Promise<void> }
  /** Prints one line of the running scene. */
  say(text: string): void
  /** Sends a mail and prints who says what to whom. */
  send(
    who: string,
    mail: Omit<TestMail, 'host' | 'port' | 'onLine'> & { readonly node: NodeName; readonly port: number },
  ): Promise<Sent>
  /** A Message-ID that no other run has; its way is shown at the end of the scene. */
  newId(scene: string, domain: string): string
  /** Events of a mail on every node, by its Message-ID, in order of time. */
  way(messageId: string): readonly { readonly node: NodeName; readonly event: Event }[]
}

export interface Proof {
  readonly what: string
  readonly ok: boolean
  /** What was seen. */
  readonly seen: string
}

export interface Scene {
  readonly letter: string
  readonly title: string
  /** What a newcomer should know before it runs. */
  readonly about: string
  run(stage: Stage): Promise<readonly Proof[]>
}

/** Longest wait for a mail in a scene, ms: retries come every two seconds, a loaded machine is slow. */
export const PATIENCE_MS = 30_000

/** A complete small mail. */
export function letter(mail: { from: string; to: string; subject: string; id: string; text?: string }): string {
  return [
    `From: ${mail.from}`,
    `To: ${mail.to}`,
    `Subject: ${mail.subject}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: ${mail.id}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    mail.text ?? 'Hello, this is a mail of the demonstration.',
    '',
  ].join('\r\n')
}

export function proof(what: string, ok: boolean, seen: string): Proof {
  return { what, ok, seen }
}

/** Header section of a mail as text. */
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
