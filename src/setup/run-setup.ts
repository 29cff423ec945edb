// One run of setup: from the text of a fleet file to the folder with everything that its hosts need. A run that was interrupted, or whose
// fleet file has changed, is simply run again.

import { join, resolve } from 'node:path'
import type { Problem } from '../config/problem.ts'
import type { DkimKey } from '../dkim/key.ts'
import { keyRecord } from '../dkim/key-record.ts'
import type { Fleet } from '../fleet/fleet-model.ts'
import { commandClock } from '../lib/clock.ts'
import { withFileLock } from '../lib/file-lock.ts'
import { makeDirectory } from '../lib/make-directory.ts'
import { publicKeyDigest } from '../lib/public-key-digest.ts'
import { planRecords } from '../published/plan-records.ts'
import { recordLine } from '../published/planned-record.ts'
import { createAccount } from './account-line.ts'
import { checkListText } from './check-list.ts'
import { type GeneratedRecord, readRecord } from './generated-record.ts'
import { completeFleetText } from './fleet-text.ts'
import { type CertificatePlan, planCertificates } from './node-certificates.ts'
import { planNodeFiles } from './node-files.ts'
import { lacksKey, problemsIn, readFleetText } from './read-fleet-text.ts'
import { type Person, type Runner, setupFiles } from './setup-folder.ts'
import { machineFile, planSharedFiles, sharedNamesOf } from './shared-files.ts'
import { ensureSigningKeys } from './signing-keys.ts'
import { createFileWriter, type FileResult, type FileWriter, type PlannedFile } from './write-files.ts'

export interface SetupRequest {
  readonly folder: string
  /** The fleet file as the operator wrote it. */
  readonly text: string
  /** Where the text comes from, for problems. */
  readonly origin: string
  /** Null: as in the last run, or systemd. */
  readonly runner: Runner | null
  /** Null: as in the last run, or no first person. */
  readonly person: Person | null
  readonly isDry: boolean
  /** Unix milliseconds. */
  readonly now: number
}

export interface SetupDone {
  readonly kind: 'done'
  readonly fleet: Fleet
  readonly files: readonly FileResult[]
  /** Domains that got DKIM keys. */
  readonly keysFor: readonly string[]
  /** The new account of the first person; null if it exists, or if no node admits users. */
  readonly account: { readonly name: string; readonly password: string } | null
  readonly notes: readonly string[]
}

export type SetupResult =
  | SetupDone
  | { readonly kind: 'bad'; readonly problems: readonly Problem[] }
  /** Problems of files without a position. */
  | { readonly kind: 'unusable'; readonly problems: readonly string[] }

/** Writes nothing if the fleet file has a problem. Rejects with the error of the file system. */
export async function runSetup(request: SetupRequest): Promise<SetupResult> {
  const { folder, text, origin, isDry } = request
  const file = resolve(join(folder, setupFiles.fleet))
  const written = readFleetText({ file, text, keyOf: () => null })
  if (written.kind === 'bad') return { kind: 'bad', problems: problemsIn(origin, written.problems) }
  if (isDry) return writeFolder(request, written.fleet)
  makeDirectory(folder)
  return withFileLock(join(folder, setupFiles.record), commandClock, () => writeFolder(request, written.fleet))
}

async function writeFolder(request: SetupRequest, written: Fleet): Promise<SetupResult> {
  const { folder, text, origin, now, isDry } = request
  const read = readRecord(folder)
  if (read.kind === 'bad') return { kind: 'unusable', problems: [read.problem] }
  const last = read.kind === 'ok' ? read.record : { runner: 'systemd' as const, person: null, files: {} }
  const known = read.kind === 'ok' && request.person ? otherPerson(last.person, request.person) : null
  if (known !== null) return { kind: 'unusable', problems: [known] }
  const record = { ...last, runner: request.runner ?? last.runner, person: request.person ?? last.person }
  const disk = createFileWriter({ folder, record, isDry })
  const issued = planCertificates({ domain: written.domain, nodes: written.nodes.filter(lacksKey), now }, disk)
  if (issued.kind === 'bad') return { kind: 'unusable', problems: issued.problems }
  const complete = completeFleetText(text)
  const load = readFleetText({
    file: resolve(join(folder, setupFiles.fleet)),
    text: complete,
    keyOf: (name) => keyOf(issued.certificates.get(name)),
  })
  if (load.kind === 'bad') return { kind: 'bad', problems: problemsIn(origin, load.problems) }
  return writeFleet({ fleet: load.fleet, complete, issued, record, request, disk })
}

/** The files with people are the operator's after the first run. */
function otherPerson(first: Person | null, person: Person): string | null {
  if (first?.name === person.name && first.forward === person.forward) return null
  const expected = first === null ? 'none' : `${first.name}, who forwards to ${first.forward},`
  return `--person: found ${person.name}, expected ${expected} as in the first run; add people in ${setupFiles.shared}/mail.yaml and with waypost passwd set`
}

interface Writing {
  readonly fleet: Fleet
  /** The text of fleet.yaml. */
  readonly complete: string
  readonly issued: Extract<CertificatePlan, { kind: 'ok' }>
  readonly record: GeneratedRecord
  readonly request: SetupRequest
  readonly disk: FileWriter
}

async function writeFleet({ fleet, complete, issued, record, request, disk }: Writing): Promise<SetupResult> {
  const { now, isDry } = request
  const folder = resolve(request.folder)
  const { runner, person } = record
  const account = await accountFor(fleet, person, disk)
  const first = await disk.write([
    { path: setupFiles.fleet, text: complete, rule: 'edit' },
    ...issued.files,
    ...planSharedFiles({ fleet, person, accountLine: account?.line ?? null }),
    ...machineFiles(fleet),
  ])
  const keys = await ensureSigningKeys({ fleet, directory: keyDirectory(fleet, folder), now, isDry })
  if (keys.kind === 'bad') return { kind: 'unusable', problems: keys.problems }
  const second = await disk.write([
    ...fleet.nodes.flatMap((node) => planNodeFiles(node, { fleet, folder, runner }, disk)),
    generated(setupFiles.zone, zoneText(fleet, keys.keys)),
    generated(setupFiles.checkList, checkListText({ fleet, runner, person })),
  ])
  await disk.finish()
  const { notes } = issued
  const made = account === null ? null : { name: account.name, password: account.password }
  return { kind: 'done', fleet, files: [...first, ...second], keysFor: keys.created, account: made, notes }
}

function keyOf(certificate: string | undefined): string | null {
  return certificate === undefined ? null : publicKeyDigest(certificate)
}

function keyDirectory({ dkimKeys }: Fleet, folder: string): string {
  return dkimKeys[0] ?? resolve(folder, setupFiles.dkim)
}

async function accountFor(fleet: Fleet, person: Person | null, disk: FileWriter) {
  const isNamed = sharedNamesOf(fleet).includes('passwd')
  if (person === null || !isNamed || disk.read(`${setupFiles.shared}/passwd`) !== null) return null
  return { name: person.name, ...(await createAccount(person.name)) }
}

const ZONE_HEADER = `; The DNS records of the fleet, as \`waypost dns records\` prints them. Publish them at your DNS provider.
; The provider of an address sets its PTR record.
`

function zoneText(fleet: Fleet, keys: readonly DkimKey[]): string {
  const ours = keys.filter(({ domain }) => fleet.domains.some(({ name }) => name === domain))
  const lines = planRecords(fleet, ours.map(keyRecord)).map(recordLine)
  return `${ZONE_HEADER}${lines.join('\n')}\n`
}

/** The client hosts, which the mta nodes admit by their keys. */
function machineFiles(fleet: Fleet): readonly PlannedFile[] {
  if (!sharedNamesOf(fleet).includes('machines')) return []
  return fleet.nodes
    .filter(({ role, publicKeys }) => role.recipients.own === 'relay-to-mta' && publicKeys.length > 0)
    .map((node) => generated(`${setupFiles.shared}/machines/${node.name}.yaml`, machineFile(node, fleet.domain)))
}

function generated(path: string, text: string): PlannedFile {
  return { path, text, rule: 'generated' }
}
