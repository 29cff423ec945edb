// waypost send: a test mail, with its dialogue printed as it happens. Exit 0 if every recipient was accepted, 1 if not.

import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { buffer } from 'node:stream/consumers'
import { type Endpoint, readEndpoint } from '../../lib/endpoint.ts'
import { sendTestMail } from './mail-client.ts'
import type { Sent, TestMail } from './mail-client.ts'
import { FAILED, json, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'

export interface SendOptions {
  readonly from: string
  readonly to: readonly string[]
  /** `host:port`; port 465 starts with TLS. */
  readonly via: string
  readonly user?: string
  /** File that holds the password; it never stands on a command line. */
  readonly passwordFile?: string
  readonly cert?: string
  readonly key?: string
  readonly ca?: string
  /** Accept whatever certificate the server shows. */
  readonly insecure?: boolean
  readonly starttls?: boolean
  readonly tls?: boolean
  readonly subject: string
  /** File with the whole message, `-` for standard input. */
  readonly message?: string
  readonly json?: boolean
}

export async function send(options: SendOptions, io: Io): Promise<number> {
  const server = readEndpoint(options.via)
  if (!server) return usage(io, `--via: found "${options.via}", expected host:port`)
  const lonely = withoutItsOther(options)
  if (lonely !== null) return usage(io, lonely)
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
  if (options.json) json(io.stdout, { ...sent, dialogue })
  else line(io.stdout, verdict(sent))
  return sent.kind === 'accepted' && sent.rejected.length === 0 ? OK : FAILED
}

/** Options that come in pairs. */
function withoutItsOther({ user, passwordFile, cert, key }: SendOptions): string | null {
  if (user !== undefined && passwordFile === undefined)
    return '--user: found no --password-file beside it, expected a file that holds the password'
  if (cert !== undefined && key === undefined) return '--cert: found no --key beside it, expected both'
  if (key !== undefined && cert === undefined) return '--key: found no --cert beside it, expected both'
  return null
}

/** The first line of the file. Throws if there is nothing on it. */
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

/** A given message stays as it is, octet by octet: it may be signed, or in any character set. */
async function messageOf(options: SendOptions, io: Io): Promise<string | Buffer> {
  if (options.message === '-') return buffer(io.stdin)
  if (options.message !== undefined) return readFileSync(options.message)
  const headers = [
    `From: ${options.from || 'MAILER-DAEMON'}`,
    `To: ${options.to.join(', ')}`,
    `Subject: ${options.subject}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${Date.now().toString(36)}.${process.pid}@${hostname()}>`,
  ]
  return `${headers.join('\r\n')}\r\n\r\nThis is a test mail.\r\n`
}

function verdict(sent: Sent): string {
  if (sent.kind === 'refused') return `refused (${sent.stage}): ${sent.reply}`
  const rejected = sent.rejected.map((one) => `\nrefused ${one.recipient}: ${one.reply}`)
  return `accepted: ${sent.reply}${rejected.join('')}`
}

function usage(io: Io, message: string): number {
  line(io.stderr, message)
  return USAGE
}
