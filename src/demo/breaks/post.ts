// The mail of the people in a broken demonstration. A letter is handed to a node and tried again until the node accepts it, as every mail
// server does (RFC 5321 4.5.4.1), and it is missing until it is in its mailbox or its sender has it back.

import { type Sent, sendTestMail, type TestMail } from '../../cli/mail/mail-client.ts'
import { commandClock, systemClock } from '../../lib/clock.ts'
import { externalAddress, nodeAddresses } from '../demo-addresses.ts'
import { fieldValues, testMessage } from '../environment.ts'
import { ann } from '../external-sender.ts'
import { type Fleet, person } from '../fleet.ts'
import type { ArrivedMail, InternetHost } from '../internet-host.ts'

export interface Letter {
  readonly id: string
  readonly from: string
  readonly to: string
  /** The mailbox at which it arrives. */
  readonly mailbox: string
}

export interface Post {
  /** Ann, outside of the organisation, writes to an address of ours. Resolves with the result of the first attempt. */
  fromAnn(letter: { readonly to: string; readonly mailbox: string; readonly subject: string }): Promise<Sent>
  /** Lee submits a message with a password, verifying the certificate of the node. */
  fromLee(letter: { readonly to: string; readonly subject: string; readonly password?: () => string }): Promise<Sent>
  /** The letters that are neither in their mailbox nor back at their sender, each as a sentence. */
  missing(): readonly string[]
  /** All letters so far. */
  readonly count: () => number
  close(): Promise<void>
}

/** Time between two attempts of the mail servers outside, ms. Real ones wait for minutes. */
const RETRY_MS = 1000

interface Sending {
  readonly letter: Letter
  /** The last refusal; null once the node has accepted the letter, or refused it for good. */
  refusal: string | null
}

/** @param hosts the mail hosts of the internet, read when a letter is looked for */
export function createPost(fleet: Fleet, hosts: () => readonly InternetHost[]): Post {
  const sendings: Sending[] = []
  const returned = new Set<string>()
  const running = new Set<Promise<void>>()
  let closed = false
  const attempt = async (sending: Sending, mail: TestMail): Promise<Sent> => {
    const sent = await sendTestMail(mail)
    const isFinal = sent.kind === 'accepted' || sent.reply.startsWith('5')
    sending.refusal = isFinal ? null : sent.reply
    if (sent.kind === 'refused' && isFinal) returned.add(sending.letter.id)
    return sent
  }
  const send = async (letter: Letter, mail: () => TestMail): Promise<Sent> => {
    const sending: Sending = { letter, refusal: 'it is on the way' }
    sendings.push(sending)
    const first = await attempt(sending, mail())
    const again = async () => {
      while (sending.refusal !== null && !closed) {
        await commandClock.sleep(RETRY_MS)
        if (!closed) await attempt(sending, mail())
      }
    }
    const retries = again().finally(() => running.delete(retries))
    running.add(retries)
    return first
  }
  const mails = () => hosts().flatMap((host) => host.mails)
  const problemOf = ({ letter, refusal }: Sending, all: readonly ArrivedMail[]): string[] => {
    if (refusal !== null) return [`the server of ${letter.from} still has mail to ${letter.to}: ${refusal}`]
    if (returned.has(letter.id) || all.some((mail) => isAtMailbox(mail, letter) || isReturn(mail, letter))) return []
    return [`mail of ${letter.from} to ${letter.to} has not arrived at ${letter.mailbox}`]
  }
  return {
    fromAnn: ({ to, mailbox, subject }) => {
      const letter = { id: newId('stranger.example'), from: ann, to, mailbox }
      const message = testMessage({ ...letter, from: `Ann <${ann}>`, subject })
      const client = { localAddress: externalAddress, name: 'mail.stranger.example', security: 'none' } as const
      const mail = { host: nodeAddresses.mx, port: fleet.ports.smtp, from: ann, to: [to], message, ...client }
      return send(letter, () => mail)
    },
    fromLee: ({ to, subject, password = () => person.password }) => {
      const letter = { id: newId('example.org'), from: 'lee@example.org', to, mailbox: to }
      const message = testMessage({ ...letter, from: 'Lee <lee@example.org>', subject })
      return send(letter, () => ({ ...submission(fleet, password()), from: letter.from, to: [to], message }))
    },
    missing: () => {
      const all = mails()
      return sendings.flatMap((one) => problemOf(one, all))
    },
    count: () => sendings.length,
    close: async () => {
      closed = true
      await Promise.all(running)
    },
  }
}

/** A session of a mail program with the submission node. */
export function submission(fleet: Fleet, password: string) {
  return {
    host: nodeAddresses.submission,
    port: fleet.ports.submissions,
    security: 'implicit',
    tls: { ca: fleet.authority.certificate, servername: 'submission-01.example.org' },
    login: { user: person.name, password },
  } as const
}

let ids = 0

/** A Message-ID. */
function newId(domain: string): string {
  return `<letter.${systemClock.now().toString(36)}.${(ids += 1)}@${domain}>`
}

function isAtMailbox(mail: ArrivedMail, { id, mailbox }: Letter): boolean {
  return mail.to.includes(mailbox) && fieldValues(mail.message, 'Message-ID').includes(id)
}

/** A DSN about the letter. */
function isReturn(mail: ArrivedMail, { id, from }: Letter): boolean {
  return mail.from === null && mail.to.includes(from) && mail.message.includes(id)
}
