// The certificate that a server shows, with implicit TLS or after STARTTLS (RFC 3207). No name and no authority is verified, because the
// check of the DNS compares them. The server gets one deadline and little memory.

import { connect, type Socket } from 'node:net'
import { connect as connectTls, type DetailedPeerCertificate } from 'node:tls'
import type { Clock } from '../lib/clock.ts'
import { errorText } from '../lib/log.ts'
import { printable } from '../lib/printable.ts'
import type { CheckListenersPorts, ListenerTarget, ShownCertificate } from '../published/check-listeners.ts'

export interface ShowSettings {
  /** The name in EHLO. */
  readonly helo: string
  /** Other ports than those of the fleet file, in tests. */
  readonly portOf?: (port: number) => number
}

/** A greeting may be delayed on purpose, against impatient clients. */
const DEADLINE_MS = 20_000
/** Characters of all replies before TLS. */
const MOST_TEXT = 16 * 1024
/** Certificates of a chain. */
const MOST_CHAIN = 10
/** This host has no way there: no IPv6, or no route. */
const NO_ROUTE = ['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EHOSTUNREACH']

export function createShow(
  { helo, portOf = (port) => port }: ShowSettings,
  clock: Pick<Clock, 'after'>,
): CheckListenersPorts['show'] {
  return ({ address, port, tls, name }) => {
    const socket = connect({ host: address, port: portOf(port) })
    // Without a listener, a late 'error' event would crash the process.
    socket.on('error', () => undefined)
    return new Promise((resolve) => {
      const end = (answer: ShownCertificate) => {
        timer.cancel()
        socket.destroy()
        resolve(answer)
      }
      const timer = clock.after(DEADLINE_MS, () => end(unreachable(`no answer within ${DEADLINE_MS / 1000} s`)))
      socket.once('error', (error: NodeJS.ErrnoException) =>
        end(unreachable(errorText(error), NO_ROUTE.includes(error.code ?? ''))),
      )
      socket.once('close', () => end(unreachable('the server closed the connection')))
      socket.once('connect', () => {
        if (tls === 'implicit') handshake(socket, name, end)
        else startTls(socket, { helo, name }, end)
      })
    })
  }
}

type End = (answer: ShownCertificate) => void

function unreachable(cause: string, isRoute = false): ShownCertificate {
  return { kind: 'unreachable', cause, isRoute }
}

/** Greeting, EHLO, STARTTLS: each step sends its line when the reply before it has the right code. */
function startTls(
  socket: Socket,
  { helo, name }: { readonly helo: string; readonly name: ListenerTarget['name'] },
  end: End,
): void {
  const steps = [
    { code: '220', line: `EHLO ${helo}\r\n` },
    { code: '250', line: 'STARTTLS\r\n' },
    { code: '220', line: null },
  ]
  let text = ''
  let size = 0
  const read = (chunk: string) => {
    text += chunk
    size += chunk.length
    if (size > MOST_TEXT) return end({ kind: 'no-tls', cause: 'the replies are too long' })
    const reply = /^(?:\d{3}-[^\n]*\n)*(\d{3})(?: [^\n]*)?\r?\n/.exec(text)
    if (!reply) return
    text = text.slice(reply[0].length)
    const step = steps.shift()
    if (!step || reply[1] !== step.code) {
      const last = reply[0].trim().split('\n').at(-1) ?? ''
      const cause = `it answers ${printable(last).slice(0, 200)}`
      return end(steps.length === 2 ? unreachable(cause) : { kind: 'no-tls', cause })
    }
    if (step.line !== null) return void socket.write(step.line)
    // What follows in cleartext could be of another host (RFC 3207 6).
    if (text !== '') return end({ kind: 'no-tls', cause: 'it sends more before TLS' })
    socket.off('data', read)
    handshake(socket, name, end)
  }
  socket.setEncoding('latin1').on('data', read)
}

function handshake(socket: Socket, name: string, end: End): void {
  const secure = connectTls({ socket, servername: name, rejectUnauthorized: false, minVersion: 'TLSv1.2' })
  secure.once('error', (error) =>
    end({ kind: 'no-tls', cause: `the handshake failed: ${printable(errorText(error).trim())}` }),
  )
  secure.once('secureConnect', () => end({ kind: 'shown', pem: chainOf(secure.getPeerCertificate(true)) }))
}

function chainOf(leaf: DetailedPeerCertificate): string {
  const blocks: string[] = []
  for (let one: DetailedPeerCertificate | undefined = leaf; one && blocks.length < MOST_CHAIN; ) {
    const lines = one.raw.toString('base64').match(/.{1,64}/g) ?? []
    blocks.push(['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'))
    const next: DetailedPeerCertificate | undefined = one.issuerCertificate
    // A root names itself.
    one = next === undefined || next.raw.equals(one.raw) ? undefined : next
  }
  return blocks.join('')
}
