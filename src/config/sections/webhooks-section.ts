// `webhooks`: which events of the ledger go where.

import { z } from 'zod'
import { type EventKind, eventKinds } from '../../observe/events.ts'
import { readCertificate, readPassword } from '../read-files.ts'
import { section, type SectionReader } from '../section.ts'
import { duration, path, text } from '../values.ts'

/** As the secrets of SRS. */
const LEAST_SECRET = 16
/** Targets get their events one after the other. */
const MOST_TIMEOUT_MS = 60_000
/** What an operator should know at once. */
const usual = [
  'account-held',
  'account-released',
  'banned',
  'unbanned',
  'limit-near',
  'probe-alert',
] as const satisfies EventKind[]

const target = z.strictObject({
  url: text('a URL').optional().describe('HTTPS URL that gets each event by POST.'),
  secret_file: path
    .optional()
    .describe('With `url`: file with the key of the signature on its first line, 16 characters or more.'),
  ca: path
    .optional()
    .describe(
      "With `url`: PEM file of the authorities that may issue the server's certificate; default: those of the system.",
    ),
  command: z
    .array(text('a word'), { error: 'a list of the program and its arguments' })
    .min(1, { error: 'a program' })
    .optional()
    .describe(
      'In place of `url`: absolute path of a program, and its arguments. It gets the JSON on its standard input.',
    ),
  events: z
    .array(z.enum(eventKinds, { error: 'the name of an event (docs/reference/events.md)' }))
    .min(1, { error: 'at least one event' })
    .default([...usual])
    .describe('Events of the ledger.'),
  timeout: duration.prefault('10s').describe('Time limit of one attempt.'),
})

/** A label of metrics. */
const targetName = /^[a-z0-9-]{1,32}$/

type TargetFile = z.output<typeof target>

interface TargetBase {
  readonly name: string
  readonly events: readonly EventKind[]
  readonly timeout: number
}

export type WebhookConfig =
  | (TargetBase & { readonly url: string; readonly secret: string; readonly ca: string | null })
  | (TargetBase & { readonly command: readonly string[] })

export const webhooks = section(
  z.record(z.string(), target).default({}).describe('Targets that are informed of events, by name.'),
  (written, reader): readonly WebhookConfig[] =>
    Object.entries(written).flatMap(([name, one]) => readTarget(name, one, reader.below(name)) ?? []),
)

function readTarget(name: string, written: TargetFile, reader: SectionReader): WebhookConfig | null {
  const { url, command, events, timeout, secret_file, ca } = written
  const base = { name, events, timeout }
  if (!targetName.test(name))
    reader.report([], `found the name ${name}, expected up to 32 characters of a-z, 0-9 and -`)
  if (timeout < 1000 || timeout > MOST_TIMEOUT_MS)
    reader.report(['timeout'], `found ${timeout / 1000} s, expected from 1s to 60s`)
  if ((url === undefined) === (command === undefined)) {
    reader.report([], 'found both or none of url and command, expected one of them')
    return null
  }
  if (command !== undefined) return readCommand(command, base, { reader, hasFiles: secret_file ?? ca })
  if (secret_file === undefined) {
    reader.report([], 'found no secret_file, expected the file with the key of the signature')
    return null
  }
  if (!isHttps(url ?? '')) reader.report(['url'], `found ${url}, expected a URL such as https://hooks.example.org/mail`)
  const secret = readPassword(reader, ['secret_file'], secret_file)
  if (secret !== null && secret.length < LEAST_SECRET)
    reader.report(
      ['secret_file'],
      `found ${secret.length} characters in ${secret_file}, expected at least ${LEAST_SECRET}`,
    )
  const authorities = ca === undefined ? null : readCertificate(reader, ['ca'], ca)
  return { ...base, url: url ?? '', secret: secret ?? '', ca: authorities }
}

function readCommand(
  command: readonly string[],
  base: TargetBase,
  { reader, hasFiles }: { readonly reader: SectionReader; readonly hasFiles: string | undefined },
): WebhookConfig {
  if (!(command[0] ?? '').startsWith('/'))
    reader.report(['command', 0], `found ${command[0]}, expected an absolute path: there is no shell`)
  if (hasFiles !== undefined) reader.report([], 'found secret_file or ca beside command, expected them with url only')
  return { ...base, command }
}

/** Without user and password: a log may have the URL. */
function isHttps(written: string): boolean {
  try {
    const { protocol, username, password } = new URL(written)
    return protocol === 'https:' && username === '' && password === ''
  } catch {
    return false
  }
}
