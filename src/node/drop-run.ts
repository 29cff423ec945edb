// Takes the messages of the drop directory into the node, through its own listener, so that they pass the same checks and limits as mail over
// SMTP. A file stays until every recipient is in the queue or reported.

import { readFileSync } from 'node:fs'
import type { Rate } from '../budget/rate.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import { formatDate } from '../message/date.ts'
import { writeFolded } from '../message/field.ts'
import { inTurn, removeFile, scanDirectory, setAside, takeFile } from '../sendmail/drop-directory.ts'
import type { Candidate } from '../sendmail/drop-directory.ts'
import { parseDrop } from '../sendmail/drop-file.ts'
import type { Dropped } from '../sendmail/drop-file.ts'
import { writeRefusalNotice } from '../sendmail/refusal-notice.ts'
import type { Place } from '../sendmail/smtp-session.ts'
import { submit } from '../sendmail/submit.ts'
import type { Submitted } from '../sendmail/submit.ts'

export interface DropSettings {
  readonly directory: string
  readonly hostname: string
  readonly postmaster: string
  /** `limits.message_size`, octets. */
  readonly messageSize: number
  /** The listener for programs of this host. */
  readonly place: Place
}

export interface DropPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>
  /** The budget `droppedMessages`, by user. */
  readonly rate: Pick<Rate, 'take'>
}

export interface DropRun {
  /** Files that were there, and those that stay. */
  readonly found: number
  readonly left: number
  /** Unix milliseconds of the oldest that stays; null without one. */
  readonly oldest: number | null
}

/** What is left of a message after a part of its recipients. */
interface Progress {
  readonly recipients: readonly string[]
  readonly refused: Submitted['refused']
}

/**
 * Remembers, until the node ends, what became of messages that it took in part. A run ends after the current file when its signal is
 * aborted.
 */
export function createDropRun(settings: DropSettings, ports: DropPorts): (stop: AbortSignal) => Promise<DropRun> {
  const progress = new Map<string, Progress>()
  /** Files that cannot be moved away: reported once. */
  const stuck = new Set<string>()
  const { directory } = settings
  const putAside = async (name: string, fields: { readonly owner?: number; readonly cause: string }) => {
    try {
      const file = await setAside(directory, name)
      ports.log.error({ ...fields, file }, 'a file of the drop directory was set aside; its message was not sent')
    } catch (error) {
      if (!stuck.has(name))
        ports.log.error(
          { ...fields, file: name, problem: errorText(error) },
          'a file of the drop directory cannot be used',
        )
      stuck.add(name)
    }
  }
  const one = async ({ name }: Candidate): Promise<void> => {
    const taken = await takeFile(directory, name, settings.messageSize)
    if (taken.kind === 'gone') return
    if (taken.kind === 'strange') return putAside(name, { cause: taken.why })
    const dropped = parseDrop(taken.octets)
    if (!dropped) return putAside(name, { owner: taken.uid, cause: 'it is damaged' })
    if (!ports.rate.take(String(taken.uid))) return
    const known = progress.get(name) ?? { recipients: dropped.envelope.recipients, refused: [] }
    const next = await trySend({ settings, ports, dropped, uid: taken.uid }, known)
    if (next.kind === 'waiting') return void progress.set(name, next)
    progress.delete(name)
    if (next.kind === 'lost') return putAside(name, { owner: taken.uid, cause: next.cause })
    await removeFile(directory, name)
    ports.log.info({ owner: taken.uid, file: name }, 'took a message from the drop directory')
  }
  return async (stop) => {
    const present = await scanDirectory(directory, ports.clock.now())
    const names = new Set(present.map(({ name }) => name))
    for (const name of [...stuck, ...progress.keys()].filter((each) => !names.has(each))) {
      stuck.delete(name)
      progress.delete(name)
    }
    const candidates = inTurn(present).filter(({ name }) => !stuck.has(name))
    for (const candidate of candidates) if (!stop.aborted) await one(candidate)
    const rest = candidates.length === 0 ? [] : await scanDirectory(directory, ports.clock.now())
    const left = rest.filter(({ name }) => !stuck.has(name))
    const oldest = left.length === 0 ? null : Math.min(...left.map(({ writtenAt }) => writtenAt))
    return { found: candidates.length, left: left.length, oldest }
  }
}

interface Attempt {
  readonly settings: DropSettings
  readonly ports: DropPorts
  readonly dropped: Dropped
  readonly uid: number
}

type Result =
  | { readonly kind: 'done' }
  | ({ readonly kind: 'waiting' } & Progress)
  /** Refused, and the sender cannot be reported. */
  | { readonly kind: 'lost'; readonly cause: string }

async function trySend({ settings, ports, dropped, uid }: Attempt, { recipients, refused }: Progress): Promise<Result> {
  const { clock, random } = ports
  const { hostname: name, place } = settings
  const { envelope } = dropped
  const sender = envelope.sender === undefined ? ownerName(uid) : envelope.sender
  const message = Buffer.concat([receivedField(settings, uid, clock.now()), dropped.message])
  const submitted =
    recipients.length === 0
      ? { accepted: [], refused: [], waiting: [] }
      : await submit(place, { envelope: { ...envelope, sender, recipients }, message, name, as: null }, { clock })
  const all = [...refused, ...submitted.refused]
  const waiting = submitted.waiting.map(({ recipient }) => recipient)
  if (waiting.length > 0) return { kind: 'waiting', recipients: waiting, refused: all }
  const [first] = all
  if (!first) return { kind: 'done' }
  const cause = `refused with ${first.reply.code} ${first.reply.text}`
  if (sender === null) return { kind: 'lost', cause }
  const unique = random(12).toString('hex')
  const notice = writeRefusalNotice({
    ...settings,
    sender,
    refused: all,
    message: dropped.message,
    at: clock.now(),
    unique,
  })
  const to = { sender: null, recipients: [sender], notify: [], ret: null, envid: null } as const
  const reported = await submit(place, { envelope: to, message: notice, name, as: null }, { clock })
  if (reported.accepted.length > 0) return { kind: 'done' }
  return reported.waiting.length > 0 ? { kind: 'waiting', recipients: [], refused: all } : { kind: 'lost', cause }
}

/** The user ID is that of the file, so no program can claim another one. */
function receivedField({ hostname }: DropSettings, uid: number, at: number): Buffer {
  return writeFolded('Received', `by ${hostname} (Waypost sendmail, from userid ${uid});\r\n\t${formatDate(at)}`)
}

/** The name in /etc/passwd, which every host has; users of a directory are named by their number. */
function ownerName(uid: number): string {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
    const found = lines.map((line) => line.split(':')).find(([, , id]) => id === String(uid))
    return found?.[0] ?? `uid-${uid}`
  } catch {
    return `uid-${uid}`
  }
}
