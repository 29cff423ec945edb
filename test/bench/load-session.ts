// An SMTP client session for the loader of the benchmark: one command, one reply, as smtp-source, and STARTTLS. It shares no code with the
// program, so that it does not depend on what it measures.

import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface LoadSession {
  /** Runs one mail transaction; rejects at the first negative reply. */
  send(message: Buffer): Promise<void>
  quit(): void
}

/** Connects and sends EHLO; with `starttls`, sends it again after the handshake. The certificate is not verified. */
export async function openLoadSession(port: number, starttls: boolean): Promise<LoadSession> {
  const plain = connect(port, '127.0.0.1').setNoDelay()
  let ask = talk(plain)
  let socket: Socket = plain
  await ask(null)
  await ask('EHLO load.example.org\r\n')
  if (starttls) {
    await ask('STARTTLS\r\n')
    plain.removeAllListeners('data')
    socket = connectTls({ socket: plain, rejectUnauthorized: false })
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    ask = talk(socket)
    await ask('EHLO load.example.org\r\n')
  }
  return {
    send: async (message) => {
      await ask('MAIL FROM:<sender@example.org>\r\n')
      await ask('RCPT TO:<recipient@example.net>\r\n')
      await ask('DATA\r\n')
      await ask(message)
    },
    quit: () => socket.end('QUIT\r\n'),
  }
}

/** Sends a command (or nothing, for the greeting) and waits for the complete reply. */
function talk(socket: Socket): (octets: string | Buffer | null) => Promise<void> {
  let text = ''
  let waiting: { resolve: () => void; reject: (error: Error) => void } | null = null
  const fail = (error: Error): void => waiting?.reject(error)
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the server closed the connection')))
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    const last = /^(\d{3})(?: .*)?\r\n$/m.exec(text)
    if (last === null) return
    const reply = text
    text = ''
    const asked = waiting
    waiting = null
    if ((last[1] as string) < '400') asked?.resolve()
    else asked?.reject(new Error(`the server answered ${reply.trim()}`))
  })
  return (octets) =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject }
      if (octets !== null) socket.write(octets)
    })
}

/** A message of at least `length` octets with the final dot, ready for DATA. */
export function loadMessage(length: number): Buffer {
  const line = `${'X'.repeat(78)}\r\n`
  const header =
    'From: <sender@example.org>\r\nTo: <recipient@example.net>\r\nDate: Mon, 1 Jun 2026 12:00:00 +0000\r\n' +
    'Message-Id: <load@load.example.org>\r\nSubject: load\r\n\r\n'
  return Buffer.from(`${header}${line.repeat(Math.ceil(length / line.length))}.\r\n`)
}
