// A mail host outside the fleet, for the demonstration: it accepts every recipient and keeps the messages. It can also refuse, with the
// replies of a real provider, and hang.

import { SMTPServer } from 'smtp-server'
import type { SMTPServerAddress } from 'smtp-server'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { commandClock } from '../lib/clock.ts'

export interface ArrivedMail {
  readonly from: string | null
  readonly to: readonly string[]
  readonly remoteIp: string
  /** Octets as received, with CRLF line ends. */
  readonly message: Buffer
}

/** What a host does instead of accepting mail. */
export interface Refusal {
  readonly at: 'greeting' | 'mail' | 'rcpt' | 'dot'
  readonly code: number
  /** Lines without the code; several make a reply of several lines. `ip` is the address of the client. */
  readonly lines: (ip: string) => readonly string[]
  /** Delay of the reply, ms. */
  readonly afterMs?: number
  /** Of `rcpt`: the recipients that are refused; by default all. */
  readonly recipient?: (address: string) => boolean
  /** True: the host accepts mail from now on. Asked for each command. */
  readonly isOver?: () => boolean
}

export interface InternetHost {
  readonly host: string
  readonly port: number
  readonly mails: readonly ArrivedMail[]
  /** From now on the host refuses mail; null: it accepts all. */
  refuse(refusal: Refusal | null): void
  /** The first message that `matches`, received already or within `ms`; rejects after `ms`. */
  waitFor(matches: (mail: ArrivedMail) => boolean, ms: number): Promise<ArrivedMail>
  close(): Promise<void>
}

export interface HostSettings {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly tls?: { readonly certificate: string; readonly key: string }
}

/** Starts a host; it accepts connections when the promise resolves. Rejects if bind fails. */
export async function startInternetHost(settings: HostSettings): Promise<InternetHost> {
  const mails: ArrivedMail[] = []
  const waiting = new Set<(mail: ArrivedMail) => void>()
  const keep = (mail: ArrivedMail) => {
    mails.push(mail)
    for (const offer of waiting) offer(mail)
  }
  const current: { refusal: Refusal | null } = { refusal: null }
  const server = createServer(settings, keep, current)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(settings.port, settings.host, () => resolve())
  })
  server.on('error', () => undefined) // socket errors of clients are expected
  return {
    host: settings.host,
    port: (server.server.address() as AddressInfo).port,
    mails,
    refuse: (refusal) => {
      current.refusal = refusal
    },
    waitFor: (matches, ms) => waitFor({ mails, waiting }, matches, ms),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function createServer(
  settings: HostSettings,
  keep: (mail: ArrivedMail) => void,
  current: { readonly refusal: Refusal | null },
): SMTPServer {
  /** Calls `done` with the refusal of this stage, or without one. */
  const answer = (at: Refusal['at'], ip: string, done: (error?: Error) => void, recipient = '') => {
    const { refusal } = current
    if (refusal?.at !== at || refusal.isOver?.() || refusal.recipient?.(recipient) === false) return done()
    // Of an array of lines, the server makes a reply of several lines.
    const reply = () => done(Object.assign(new Error(), { responseCode: refusal.code, message: refusal.lines(ip) }))
    commandClock.after(refusal.afterMs ?? 0, reply)
  }
  return new SMTPServer({
    name: settings.name,
    banner: 'another provider',
    authOptional: true,
    disabledCommands: settings.tls ? ['AUTH'] : ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    ...(settings.tls ? { cert: settings.tls.certificate, key: settings.tls.key } : {}),
    onConnect: (session, done) => answer('greeting', session.remoteAddress, done),
    onMailFrom: (_address, session, done) => answer('mail', session.remoteAddress, done),
    onRcptTo: ({ address }, session, done) => answer('rcpt', session.remoteAddress, done, address),
    onData(stream, session, done) {
      const accept = (message: Buffer) => (error?: Error) => {
        if (error) return done(error)
        const { mailFrom, rcptTo } = session.envelope
        keep({
          from: mailFrom === false || mailFrom.address === '' ? null : mailFrom.address,
          to: rcptTo.map((one: SMTPServerAddress) => one.address),
          remoteIp: session.remoteAddress,
          message,
        })
        done()
      }
      buffer(stream).then(
        (message) => answer('dot', session.remoteAddress, accept(message)),
        (error: Error) => done(error),
      )
    },
  })
}

interface Kept {
  readonly mails: readonly ArrivedMail[]
  readonly waiting: Set<(mail: ArrivedMail) => void>
}

function waitFor({ mails, waiting }: Kept, matches: (mail: ArrivedMail) => boolean, ms: number): Promise<ArrivedMail> {
  const received = mails.find(matches)
  if (received) return Promise.resolve(received)
  return new Promise((resolve, reject) => {
    const offer = (mail: ArrivedMail) => {
      if (!matches(mail)) return
      timer.cancel()
      waiting.delete(offer)
      resolve(mail)
    }
    const timer = commandClock.after(ms, () => {
      waiting.delete(offer)
      reject(new Error(`no matching message arrived within ${ms} ms`))
    })
    waiting.add(offer)
  })
}
