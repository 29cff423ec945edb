// waypost sendmail: submits a message to the node on this machine, as programs expect of sendmail. While the node is down the message waits
// in the drop directory. Exit codes are those of sysexits.h. This file imports little, because cron starts it on every host at once.

import { isIP } from 'node:net'
import { hostname, userInfo } from 'node:os'
import type { Readable } from 'node:stream'
import { commandClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import { completeHeader, headerRecipients } from '../../sendmail/complete-header.ts'
import { formatDrop } from '../../sendmail/drop-file.ts'
import {
  EX_CONFIG,
  EX_DATAERR,
  EX_NOPERM,
  EX_NOUSER,
  EX_OK,
  EX_TEMPFAIL,
  EX_UNAVAILABLE,
  EX_USAGE,
  exitCodeOf,
} from '../../sendmail/exit-codes.ts'
import { isEnvelopeAddress } from '../../sendmail/parse-arguments.ts'
import { forcedArguments } from '../../sendmail/forced-arguments.ts'
import type { Invocation } from '../../sendmail/parse-arguments.ts'
import { readContent } from '../../sendmail/read-content.ts'
import { readSettings, SETTINGS_FILE } from '../../sendmail/read-settings.ts'
import type { SendmailSettings } from '../../sendmail/read-settings.ts'
import { describe, submit } from '../../sendmail/submit.ts'
import type { Envelope, Submitted } from '../../sendmail/submit.ts'
import { writeDrop } from '../../sendmail/write-drop.ts'
import { type Io, line } from '../io.ts'
import { relayDialogue } from './relay-dialogue.ts'

export interface SendmailPorts {
  readonly io: Io
  /** Runs another command of this program: mailq shows the queue. */
  readonly run: (args: readonly string[]) => Promise<number>
}

/** Octets of a message: more would not fit in memory on a small host, and the node refuses it anyway (`limits.message_size`). */
const MAX_MESSAGE = 256 * 1024 * 1024
/** Random octets of a Message-ID. */
const ID_OCTETS = 12

/** @param args without the name of the program */
export async function sendmail(args: readonly string[], { io, run }: SendmailPorts): Promise<number> {
  const invocation = forcedArguments(args, process.env['SSH_ORIGINAL_COMMAND'])
  if (invocation.mode === 'wrong') return complain(io, EX_USAGE, invocation.problem)
  const read = readSettings(process.env['WAYPOST_SENDMAIL_CONF'] ?? SETTINGS_FILE)
  if (read.kind === 'bad') return complain(io, EX_CONFIG, read.problem)
  const { settings } = read
  switch (invocation.mode) {
    case 'queue':
      return run(['queue', 'list', '-c', settings.node])
    // The node has no alias database, and it retries by itself.
    case 'aliases':
    case 'flush':
      return EX_OK
    case 'smtp':
      return relayDialogue(settings.server, io)
    case 'deliver':
      return deliver(invocation, settings, io)
  }
}

async function deliver(invocation: Invocation, settings: SendmailSettings, io: Io): Promise<number> {
  const caller = callerName()
  if (caller === null && invocation.sender === undefined && invocation.as === null)
    return complain(io, EX_NOUSER, `user ${process.getuid?.()} has no name; give a sender with -f`)
  const input = await readInput(io.stdin)
  if (input === null) return complain(io, EX_UNAVAILABLE, `the message is larger than ${MAX_MESSAGE} octets`)
  const { header, body } = readContent(input, invocation)
  const named = invocation.fromHeader ? headerRecipients(header) : []
  const bad = named.find((one) => !isEnvelopeAddress(one))
  if (bad !== undefined) return complain(io, EX_DATAERR, `found ${bad} in the header, expected an address`)
  const recipients = [...new Set([...invocation.recipients, ...named])]
  if (recipients.length === 0)
    return complain(io, EX_USAGE, 'found no recipients, expected addresses as arguments, or -t')
  const user = invocation.as === null ? null : addressOf(invocation.as, settings)
  const author = user ?? invocation.sender ?? caller ?? 'MAILER-DAEMON'
  const facts = {
    author,
    fullName: invocation.fullName,
    at: commandClock.now(),
    unique: systemRandom(ID_OCTETS).toString('hex'),
    hostname: hostname(),
  }
  const message = Buffer.concat([completeHeader(header, facts), Buffer.from('\r\n'), body])
  const { notify, ret, envid } = invocation
  const sender = invocation.sender === undefined ? (user ?? caller) : invocation.sender
  return send({ invocation, settings, io, message, envelope: { sender, recipients, notify, ret, envid } })
}

interface Outgoing {
  readonly invocation: Invocation
  readonly settings: SendmailSettings
  readonly io: Io
  readonly message: Buffer
  readonly envelope: Envelope
}

async function send({ invocation, settings, io, message, envelope }: Outgoing): Promise<number> {
  const { as, verbose, sender } = invocation
  const place = as === null ? settings.server : ({ kind: 'socket', path: settings.submission } as const)
  const submitted = await submit(
    place,
    { envelope, message, name: hostname(), as: as === null ? null : { user: as, clientIp: sshClient() } },
    { clock: commandClock, ...(verbose && { onReply: (reply) => line(io.stdout, describe(reply)) }) },
  )
  for (const { recipient, reply } of submitted.refused) line(io.stderr, `sendmail: ${recipient}: ${describe(reply)}`)
  const [firstRefused] = submitted.refused
  const [firstWaiting] = submitted.waiting
  const refusedCode = firstRefused ? exitCodeOf(firstRefused.reply.enhanced) : EX_OK
  if (submitted.waiting.length === 0) return refusedCode
  // A person learns now that nothing was sent; a file would have no proof of who wrote it.
  const kept = as === null ? keep(submitted, { settings, message, envelope: { ...envelope, sender } }) : null
  if (kept === null || kept.kind === 'failed') {
    const why = kept === null ? '' : `, and the message cannot wait in the drop directory: ${kept.cause}`
    const isForbidden = as !== null && /\bEACCES\b/.test(firstWaiting?.cause ?? '')
    const code = kept === null ? (isForbidden ? EX_NOPERM : EX_TEMPFAIL) : kept.code
    return complain(io, code, `${firstWaiting?.recipient}: ${firstWaiting?.cause}${why}`)
  }
  if (verbose) line(io.stdout, `${firstWaiting?.cause}; the message waits in ${settings.drop}`)
  return refusedCode
}

/** Writes what was not taken into the drop directory; null if there is none. */
function keep(
  { waiting }: Submitted,
  {
    settings,
    message,
    envelope,
  }: { settings: SendmailSettings; message: Buffer; envelope: Parameters<typeof formatDrop>[0]['envelope'] },
) {
  if (settings.drop === null) return null
  const recipients = waiting.map(({ recipient }) => recipient)
  return writeDrop(settings.drop, formatDrop({ envelope: { ...envelope, recipients }, message }), systemRandom)
}

/** The address of a user that --as names; the name alone if no domain is known, which the node then refuses. */
function addressOf(user: string, { domain }: SendmailSettings): string {
  return user.includes('@') || domain === null ? user : `${user}@${domain}`
}

/** The address of the ssh client: sshd sets the variable, and a client cannot. */
function sshClient(): string | null {
  const ip = process.env['SSH_CONNECTION']?.split(' ')[0] ?? ''
  return isIP(ip) === 0 ? null : ip
}

/** Null if the user ID has no name. */
function callerName(): string | null {
  try {
    return userInfo().username
  } catch {
    return null
  }
}

/** Null if it is too long. */
async function readInput(stdin: Readable): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let octets = 0
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    octets += chunk.length
    if (octets > MAX_MESSAGE) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function complain(io: Io, code: number, problem: string): number {
  line(io.stderr, `sendmail: ${problem}`)
  return code
}
