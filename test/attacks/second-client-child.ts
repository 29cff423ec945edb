// The process of the second client. It connects, talks, sends one message, and starts again, until it gets the order to stop.

import { connectDialogue, type SmtpDialogue } from '../lib/smtp-dialogue.ts'
import type { SecondClientReport, SecondClientSettings } from './second-client.ts'

const settings = JSON.parse(process.argv[2] as string) as SecondClientSettings
const { host, port, localAddress, from, to, login, text = 'Subject: Hello\r\n\r\nThis is good mail.\r\n' } = settings

/** NOOP commands of a session, below the number that counts as junk, and the pause between them, ms. */
const NOOPS = 20
const PAUSE_MS = 10
/** A client that was refused comes back after this, ms. */
const RETRY_MS = 100

let delays: number[] = []
let accepted = 0
let refused = 0
let serial = 0
let stopping = false
const refusals: string[] = []

// Also if the attack fails: without an order to stop this process would stay.
process.once('disconnect', () => process.exit(0))
process.on('message', (order) => {
  if (order === 'measure') delays = []
  if (order === 'stop') stopping = true
})
process.send?.('ready')
while (!stopping) {
  let client: SmtpDialogue | null = null
  try {
    client = await connectDialogue({ host, port, localAddress, timeoutMs: 120_000 })
    await client.expect(null, '220')
    await talk(client)
    client.end()
  } catch (error) {
    refused++
    if (refusals.length < 5) refusals.push((error as Error).message)
    client?.reset()
    await pause(RETRY_MS)
  }
}
process.send?.(report())

async function talk(client: SmtpDialogue): Promise<void> {
  await timed(client, 'EHLO second.example', '250')
  if (login) await logIn(client, login)
  for (let i = 0; i < NOOPS && !stopping; i++) {
    await timed(client, 'NOOP', '250')
    await pause(PAUSE_MS)
  }
  await timed(client, `MAIL FROM:<${from}>`, '250')
  await timed(client, `RCPT TO:<${to}>`, '250')
  await timed(client, 'DATA', '354')
  const head = `From: ${from}\r\nMessage-ID: <good-${process.pid}-${++serial}@second.example>\r\n`
  await timed(client, `${head}${text}.`, '250')
  accepted++
  await timed(client, 'QUIT', '221')
}

async function logIn(client: SmtpDialogue, { user, password }: NonNullable<typeof login>): Promise<void> {
  await timed(client, 'STARTTLS', '220')
  await client.startTls()
  await timed(client, 'EHLO second.example', '250')
  await timed(client, `AUTH PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}`, '235')
}

async function timed(client: SmtpDialogue, line: string, expected: string): Promise<void> {
  const start = performance.now()
  await client.expect(line, expected)
  delays.push(performance.now() - start)
}

function report(): SecondClientReport {
  const sorted = delays.toSorted((a, b) => a - b)
  const at = (share: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN)
  return { replies: sorted.length, p50: at(0.5), p99: at(0.99), worst: at(1), accepted, refused, refusals }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
