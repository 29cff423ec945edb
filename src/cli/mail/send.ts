// waypost send: sends a test message and prints the SMTP dialogue. Exit code 1 if the server does not accept every recipient.

import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { systemClock } from '../../lib/clock.ts'
import { type Endpoint, readEndpoint } from '../../lib/endpoint.ts'
import { readFields } from '../../message/header.ts'
import { longestLine } from '../../message/longest-line.ts'
import { lintMessage, type RuleFinding } from '../../message/sender-rules.ts'
import { lintLines } from './lint-lines.ts'
import { sendTestMail } from './mail-client.ts'
import type { Sent, TestMail } from './mail-client.ts'
import { FAILED, json, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'
import { readMessage } from '../read-message.ts'

export interface SendOptions {
  readonly from: string
  readonly to: readonly string[]
  /** `host:port`; port 465 has implicit TLS. */
  readonly via: string
  readonly user?: string
  /** File with the password. A password on the command line would be visible to all users. */
  readonly passwordFile?: string
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
  /** Accept any certificate of the server. */
  readonly insecure?: boolean
  readonly starttls?: boolean
  readonly tls?: boolean
  readonly subject: string
  /** File with a complete message, `-` for standard input. */
  readonly message?: string
  readonly json?: boolean
}

export async function send(options: SendOptions, io: Io): Promise<number> {
  const server = readEndpoint(options.via)
  if (!server) return usage(io, `--via: found "${options.via}", expected a host and port such as mx.example.org:25`)
  const problem = missingPartner(options)
  if (problem !== null) return usage(io, problem)
  let mail: TestMail
  try {
    mail = await compose(options, io, server)
  } catch (error) {
    return usage(io, (error as Error).message)
  }
  const dialogue: string[] = []
  const onLine = (text: string) => {
    if (options.json) dialogue.push(text)
    else line(io.stdout, text)
  }
  const sent = await sendTestMail({ ...mail, onLine })
  const senderRules = options.message === undefined ? null : await lintOctets(mail.message)
  if (options.json) json(io.stdout, { ...sent, dialogue, senderRules })
  else for (const text of [...resultLines(sent), ...(senderRules ? lintLines(senderRules) : [])]) line(io.stdout, text)
  return sent.kind === 'accepted' && sent.rejected.length === 0 ? OK : FAILED
}

/** The rules of large providers that a message breaks as it is: what the server adds is not known here. */
async function lintOctets(message: string | Buffer): Promise<readonly RuleFinding[]> {
  const content = await readMessage(Readable.from([Buffer.from(message)]))
  const fields = readFields(content.header)
  return lintMessage({ fields, longestLine: await longestLine(content), addsMissing: false, now: systemClock.now() })
}

/** The problem of an option that needs another one, or null. */
function missingPartner({ user, passwordFile, cert, key }: SendOptions): string | null {
  if (user !== undefined && passwordFile === undefined) return '--user: found no --password-file, expected both'
  if (cert !== undefined && key === undefined) return '--cert: found no --key, expected both'
  if (key !== undefined && cert === undefined) return '--key: found no --cert, expected both'
  return null
}

/** The first line of the file. Throws if it is empty. */
function readPassword(file: string): string {
  const [password = ''] = readFileSync(file, 'utf8').split(/\r?\n/)
  if (password === '')
    throw new Error(`--password-file: found nothing on the first line of ${file}, expected a password`)
  return password
}

async function compose(options: SendOptions, io: Io, server: Endpoint): Promise<TestMail> {
  const file = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path, 'utf8'))
  const implicit = options.tls === true || server.port === 465
  const starttls = options.starttls === true || options.user !== undefined || options.cert !== undefined
  return {
    ...server,
    name: hostname(),
    security: implicit ? 'implicit' : starttls ? 'starttls' : 'none',
    login:
      options.user === undefined || options.passwordFile === undefined
        ? undefined
        : { user: options.user, password: readPassword(options.passwordFile) },
    tls: {
      ca: file(options.ca),
      cert: file(options.cert),
      key: file(options.key),
      rejectUnauthorized: !options.insecure,
      ...(isIP(server.host) ? {} : { servername: server.host }),
    },
    from: options.from === '' || options.from === '<>' ? null : options.from,
    to: options.to,
    message: await messageOf(options, io),
  }
}

/** The message of --message is not changed: it may be signed, or have any character set. */
async function messageOf(options: SendOptions, io: Io): Promise<string | Buffer> {
  if (options.message === '-') return buffer(io.stdin)
  if (options.message !== undefined) return readFileSync(options.message)
  const now = systemClock.now()
  const headers = [
    `From: ${options.from || 'MAILER-DAEMON'}`,
    `To: ${options.to.join(', ')}`,
    `Subject: ${options.subject}`,
    `Date: ${new Date(now).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${now.toString(36)}.${process.pid}@${hostname()}>`,
  ]
  return `${headers.join('\r\n')}\r\n\r\nThis is a test message.\r\n`
}

function resultLines(sent: Sent): string[] {
  if (sent.kind === 'refused') return [`rejected (${sent.stage}): ${sent.reply}`]
  return [`accepted: ${sent.reply}`, ...sent.rejected.map((one) => `rejected ${one.recipient}: ${one.reply}`)]
}

function usage(io: Io, message: string): number {
  line(io.stderr, message)
  return USAGE
}
