// A mail host of somebody else, for the demonstration and the tests: it keeps what it accepts, and misbehaves on command.

import { SMTPServer } from 'smtp-server'
import type { SMTPServerAddress } from 'smtp-server'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface ArrivedMail {
  readonly from: string | null
  readonly to: readonly string[]
  readonly remoteIp: string
  readonly secure: boolean
  /** As it came over the wire, CRLF line ends. */
  readonly message: Buffer
}

/** What the host does to the next mails. */
export type Mood =
  | { readonly kind: 'accept' }
  /** Refuses every RCPT with this reply text (`550 5.1.1 no such user`). */
  | { readonly kind: 'refuse'; readonly code: number; readonly text: string }

export interface InternetHost {
  readonly host: string
  readonly port: number
  readonly mails: readonly ArrivedMail[]
  mood: Mood
  /** The first kept mail that fits, also one that comes later; rejects after `ms`. */
  waitFor(fits: (mail: ArrivedMail) => boolean, ms: number): Promise<ArrivedMail>
  close(): Promise<void>
}

export interface HostSettings {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly tls?: { readonly certificate: string; readonly key: string }
}

/** Starts a host; it listens when the promise resolves. */
export async function startInternetHost(settings: HostSettings): Promise<InternetHost> {
  const mails: ArrivedMail[] = []
  const waiting = new Set<(mail: ArrivedMail) => void>()
  const state = { mood: { kind: 'accept' } as Mood }
  const keep = (mail: ArrivedMail) => {
    mails.push(mail)
    for (const look of waiting) look(mail)
  }
  const server = createServer(settings, { state, keep })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(settings.port, settings.host, () => resolve())
  })
  server.on('error', () => undefined) // a client that resets its connection is no trouble of this host
  return {
    host: settings.host,
    port: (server.server.address() as AddressInfo).port,
    mails,
    get mood() {
      return state.mood
    },
    set mood(mood: Mood) {
      state.mood = mood
    },
    waitFor: (fits, ms) => waitFor({ mails, waiting }, fits, ms),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function createServer(
  settings: HostSettings,
  inner: { state: { mood: Mood }; keep: (mail: ArrivedMail) => void },
): SMTPServer {
  return new SMTPServer({
    name: settings.name,
    banner: 'somebody else',
    authOptional: true,
    disabledCommands: settings.tls ? ['AUTH'] : ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    ...(settings.tls ? { cert: settings.tls.certificate, key: settings.tls.key } : {}),
    onRcptTo(_address, _session, done) {
      const { mood } = inner.state
      if (mood.kind === 'accept') return done()
      done(Object.assign(new Error(mood.text), { responseCode: mood.code }))
    },
    onData(stream, session, done) {
      buffer(stream).then(
        (message) => {
          const { mailFrom, rcptTo } = session.envelope
          inner.keep({
            from: mailFrom === false || mailFrom.address === '' ? null : mailFrom.address,
            to: rcptTo.map((one: SMTPServerAddress) => one.address),
            remoteIp: session.remoteAddress,
            secure: Boolean(session.secure),
            message,
          })
          done()
        },
        (error: Error) => done(error),
      )
    },
  })
}

interface Kept {
  readonly mails: readonly ArrivedMail[]
  readonly waiting: Set<(mail: ArrivedMail) => void>
}

function waitFor({ mails, waiting }: Kept, fits: (mail: ArrivedMail) => boolean, ms: number): Promise<ArrivedMail> {
  const here = mails.find(fits)
  if (here) return Promise.resolve(here)
  return new Promise((resolve, reject) => {
    const look = (mail: ArrivedMail) => {
      if (!fits(mail)) return
      clearTimeout(timer)
      waiting.delete(look)
      resolve(mail)
    }
    const timer = setTimeout(() => {
      waiting.delete(look)
      reject(new Error(`no such mail arrived within ${ms} ms`))
    }, ms)
    waiting.add(look)
  })
}
