// An SMTP client for test messages of `waypost send`, the demonstration and the tests: one transaction with its dialogue. The node does
// not deliver with it.

import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { ConnectionOptions } from 'node:tls'

export interface TestMail {
  readonly host: string
  readonly port: number
  /** Name in EHLO. */
  readonly name?: string
  readonly security: 'none' | 'starttls' | 'implicit'
  readonly login?: { readonly user: string; readonly password: string }
  /** CA, client certificate, servername. */
  readonly tls?: ConnectionOptions
  /** Source address. */
  readonly localAddress?: string
  /** Null: the null sender. */
  readonly from: string | null
  readonly to: readonly string[]
  readonly message: string | Buffer
  /** Called for each line of the dialogue: `C: …` from the client, `S: …` from the server. */
  readonly onLine?: (line: string) => void
}

export type Sent =
  | {
      readonly kind: 'accepted'
      readonly reply: string
      readonly rejected: readonly { readonly recipient: string; readonly reply: string }[]
    }
  | { readonly kind: 'refused'; readonly reply: string; readonly stage: string }

/** Time limit of the connection and of each reply, ms. */
const TIMEOUT_MS = 60_000

/** Sends one message. Network errors and rejections are results, not exceptions. */
export async function sendTestMail(mail: TestMail): Promise<Sent> {
  const connection = new SMTPConnection({
    host: mail.host,
    port: mail.port,
    name: mail.name,
    secure: mail.security === 'implicit',
    requireTLS: mail.security === 'starttls',
    ignoreTLS: mail.security === 'none',
    tls: mail.tls,
    localAddress: mail.localAddress,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    logger: dialogue(mail.onLine),
    transactionLog: true,
  })
  let stage = 'connect'
  try {
    await step(connection, (done) => connection.connect(done))
    const { login } = mail
    stage = 'auth'
    if (login)
      await step(connection, (done) =>
        connection.login({ credentials: { user: login.user, pass: login.password } }, done),
      )
    stage = 'send'
    const info = await transaction(connection, mail)
    connection.quit()
    return info
  } catch (error) {
    connection.close()
    return { kind: 'refused', stage, reply: replyOf(error) }
  }
}

function transaction(connection: SMTPConnection, mail: TestMail): Promise<Sent> {
  const envelope = { from: mail.from ?? (false as const), to: [...mail.to] }
  return new Promise((resolve, reject) => {
    connection.once('error', reject)
    connection.send(envelope, mail.message, (error, info) => {
      if (error) return reject(error)
      const rejected = (info?.rejectedErrors ?? []).map((one) => ({
        recipient: String(one.recipient ?? ''),
        reply: replyOf(one),
      }))
      resolve({ kind: 'accepted', reply: info?.response ?? '', rejected })
    })
  })
}

function step(connection: SMTPConnection, run: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.once('error', reject)
    run((error) => {
      connection.off('error', reject)
      if (error) reject(error)
      else resolve()
    })
  })
}

function replyOf(error: unknown): string {
  const { response, message } = error as { response?: string; message?: string }
  return response ?? message ?? String(error)
}

/** nodemailer's log entries of the dialogue have `tnx: 'client' | 'server'`; the others are ignored. */
function dialogue(onLine: TestMail['onLine']) {
  if (!onLine) return false
  const write = (entry: { tnx?: string }, text: unknown) => {
    const side = entry.tnx === 'client' ? 'C' : entry.tnx === 'server' ? 'S' : null
    if (side) for (const one of String(text).trimEnd().split(/\r?\n/)) onLine(`${side}: ${one}`)
  }
  const quiet = () => undefined
  return { trace: quiet, debug: write, info: quiet, warn: quiet, error: quiet, fatal: quiet, level: quiet }
}
