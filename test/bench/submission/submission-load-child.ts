// The loader of the benchmark `submission`: clients that connect with TLS from the first octet, log in with AUTH PLAIN, and send mail of 4 KiB
// in pipelined transactions (RFC 2920). Each handshake is a full one. It shares no code with the program.

import { once } from 'node:events'
import { connect, createSecureContext } from 'node:tls'
import { delaysOf } from '../delays.ts'
import { readReplies } from '../reply-reader.ts'
import type { SubmissionAnswer, SubmissionOrder } from './submission-load-order.ts'

const order = JSON.parse(process.argv[2] as string) as SubmissionOrder
/**
 * Made once: it costs as much as a handshake. The group is the one that all mail servers of the benchmark have: Postfix's OpenSSL does not
 * know those with ML-KEM, which take a quarter of the loader's time.
 */
const secureContext = createSecureContext({ ecdhCurve: 'X25519' })
const BODY_OCTETS = 3 * 1024 + 600
const replies: number[] = []
const logins: number[] = []
let nextMessage = 0
let nextUser = 0

const date = new Date().toUTCString().replace('GMT', '+0000')
const line = 'A line with words that a person could have written to another one in a message.'
const body = `${line}\r\n`.repeat(Math.ceil(BODY_OCTETS / (line.length + 2)))

const prepared = order.users.map(({ name, password }) => {
  const address = `${name}@own.example`
  const head = `From: A Sender <${address}>\r\nTo: <friend@home.example.net>\r\nSubject: The report\r\nDate: ${date}\r\n`
  const rest = `MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${body}.\r\n`
  return {
    login: `AUTH PLAIN ${Buffer.from(`\0${name}\0${password}`).toString('base64')}\r\n`,
    envelope: `MAIL FROM:<${address}>\r\nRCPT TO:<friend@home.example.net>\r\nDATA\r\n`,
    data: (index: number) => `${head}Message-ID: <${index}.report@own.example>\r\n${rest}`,
  }
})

async function serve(): Promise<void> {
  while (nextMessage < order.messages) {
    const { login, envelope, data } = prepared[nextUser++ % prepared.length] as (typeof prepared)[number]
    const socket = connect({ port: order.port, host: '127.0.0.1', secureContext, rejectUnauthorized: false })
    socket.setNoDelay()
    const read = readReplies(socket)
    await Promise.all([once(socket, 'secureConnect'), read(1)])
    socket.write('EHLO client.example\r\n')
    await read(1)
    const asked = performance.now()
    socket.write(login)
    await read(1)
    logins.push(performance.now() - asked)
    for (let sent = 0; sent < (order.perSession ?? Number.POSITIVE_INFINITY); sent++) {
      if (nextMessage >= order.messages) break
      const index = nextMessage++
      socket.write(envelope)
      await read(3)
      const began = performance.now()
      socket.write(data(index))
      await read(1)
      replies.push(performance.now() - began)
    }
    socket.end('QUIT\r\n')
    await read(1)
  }
}

const start = performance.now()
await Promise.all(Array.from({ length: order.sessions }, serve))
const seconds = (performance.now() - start) / 1000
const answer: SubmissionAnswer = { seconds, reply: delaysOf(replies), login: delaysOf(logins) }
process.stdout.write(JSON.stringify(answer))
process.exit(0)
