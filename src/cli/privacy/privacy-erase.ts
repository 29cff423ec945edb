// waypost privacy erase: takes a person out of what a running or stopped node keeps, and lists what stays, why, and what removes it. The
// ledger records who did it and why, without the person.

import { existsSync, readFileSync } from 'node:fs'
import { commandClock } from '../../lib/clock.ts'
import { controlSocketPath, queueDirectory } from '../../wiring/node-paths.ts'
import { DirectStore } from '../../queue/sqlite/direct-store.ts'
import { hasQueue } from '../../queue/sqlite/database/database.ts'
import { FAILED, type Io, json, line, OK } from '../io.ts'
import { askNode } from '../node/ask-node.ts'
import type { NodePlace } from '../place/node-place.ts'
import { erasePerson, type TableResult } from './person-database.ts'
import { eraseLoginsOfStopped, findConfigured, findLogins, type FoundLine } from './person-files.ts'
import { databasesOf, type PersonPlace, withPerson } from './with-person.ts'

interface EraseOptions extends NodePlace {
  readonly name: string
  readonly yes: boolean
  readonly by: string
  readonly reason: string
  /** Unix milliseconds. */
  readonly now: number
  readonly json?: boolean
}

interface Erased {
  readonly tables: readonly (TableResult & { readonly file: string })[]
  /** Files of logins that named the person. */
  readonly logins: readonly string[]
  readonly configuration: readonly FoundLine[]
  /** Databases that still have the name in some octet. */
  readonly remnants: readonly string[]
  readonly problems: readonly string[]
}

/** Time for the node to write its files. */
const ANSWER_MS = 30_000
const CONFIGURED = 'Remove the person there if the person is to get no mail any more.'
const COPY = 'A copy of the routing data or a file that was set aside; newer copies take its place.'
/** Rest between two steps in the queue of a running node, which commits in between. */
const REST_MS = 30

export function privacyErase(options: EraseOptions, io: Io): Promise<number> | number {
  return withPerson(options, io, async (place) => {
    const erased = await work(options, place)
    print(options, { place, erased }, io)
    const isNothing = erased.tables.every((one) => one.erased === 0) && erased.logins.length === 0
    return !options.yes || isNothing || erased.problems.length + erased.remnants.length > 0 ? FAILED : OK
  })
}

async function work(options: EraseOptions, place: PersonPlace): Promise<Erased> {
  const { data, person, names } = place
  const isDry = !options.yes
  const problems: string[] = []
  // A stopped node waits for nothing.
  const size = isRunning(data) ? {} : { largest: Number.POSITIVE_INFINITY }
  // The queue erases its ledger itself, in steps and with the index.
  const tables = databasesOf(data).flatMap(({ path, place: database }) => {
    const skip = database.file.startsWith('queue/') ? ['ledger'] : []
    return erasePerson(path, database, { person, isDry, skip, ...size }).map((one) => ({ file: database.file, ...one }))
  })
  const logins = isDry ? [...new Set(findLogins(data, person, names).map(({ file }) => file))] : []
  if (!isDry) {
    await eraseLedger(options, place, tables)
    logins.push(...(await eraseLogins(place, problems)))
  }
  const { lines, problem } = findConfigured({ config: options.config, data }, person, names)
  if (problem !== null) problems.push(problem)
  const kept = new Set(tables.filter((one) => one.kept > 0).map(({ file }) => file))
  const remnants = isDry ? [] : remnantsOf(place).filter((file) => !kept.has(file))
  return { tables, logins, configuration: lines, remnants, problems }
}

async function eraseLedger(
  { by, reason, now }: EraseOptions,
  { data, domain, person }: PersonPlace,
  tables: readonly TableResult[],
): Promise<void> {
  const directory = queueDirectory({ data })
  if (!hasQueue(directory)) return
  const store = DirectStore.shared(directory, now)
  try {
    for (let after: number | null = 0; after !== null; ) {
      const found: { readonly next: number | null } = store.run({
        kind: 'erase',
        person: { name: person.written, domain },
        after,
      })
      after = found.next
      if (after !== null) await commandClock.sleep(REST_MS)
    }
    for (let stage: 'begin' | 'fill' | 'empty' | null = 'begin'; stage !== null; ) {
      stage = store.run({ kind: 'overwrite', stage })
      await commandClock.sleep(REST_MS)
    }
    const rows = tables.reduce((sum, { erased }) => sum + erased, 0)
    const event = { kind: 'erased', at: now, queueId: null, by, reason: person.replace(reason), rows } as const
    store.run({ kind: 'record', events: [{ at: now, queueId: null, events: JSON.stringify([event]) }] })
    store.cutLog()
  } finally {
    store.close()
  }
}

/** The socket of a node that was killed stays: then it is no more than probable. */
function isRunning(data: string): boolean {
  return existsSync(controlSocketPath({ data }))
}

/** A running node has the files in memory, so it erases them itself. */
async function eraseLogins({ data, person, names }: PersonPlace, problems: string[]): Promise<readonly string[]> {
  if (isRunning(data)) {
    const answer = await askNode(data, `erase-logins ${person.written}`, ANSWER_MS)
    if (answer.kind === 'answer') return (answer.value as { readonly files: readonly string[] }).files
    // The socket of a node that was killed stays.
    if (!answer.problem.startsWith('no node is running')) {
      problems.push(`logins are not erased: ${answer.problem}`)
      return []
    }
  }
  return eraseLoginsOfStopped(data, names)
}

/** Databases in which some octet still has the name: another process may hold the write-ahead log at this moment. */
function remnantsOf({ data, person }: PersonPlace): readonly string[] {
  if (!person.written.includes('@')) return []
  return databasesOf(data).flatMap(({ path, place: { file } }) =>
    [path, `${path}-wal`].some((one) => existsSync(one) && readFileSync(one).includes(person.written)) ? [file] : [],
  )
}

function print(
  options: EraseOptions,
  { place, erased }: { readonly place: PersonPlace; readonly erased: Erased },
  io: Io,
): void {
  const { tables, logins, configuration, remnants, problems } = erased
  if (options.json) return json(io.stdout, { person: place.person.written, isErased: options.yes, ...erased })
  const verb = options.yes ? 'erased' : 'to erase'
  for (const { file, table, erased: count } of tables)
    if (count > 0) line(io.stdout, `${file} ${table}: ${count} ${count === 1 ? 'row' : 'rows'} ${verb}`)
  for (const file of logins) line(io.stdout, `${file}: ${verb}`)
  for (const { file, table, kept, whyKept, queueIds } of tables) {
    if (kept === 0) continue
    const ids = queueIds.length > 0 ? ` (${queueIds.join(' ')})` : ''
    line(io.stdout, `stays: ${file} ${table}, ${kept} ${kept === 1 ? 'row' : 'rows'}${ids}. ${whyKept ?? ''}`)
  }
  for (const { file, line: number } of configuration)
    line(io.stdout, `stays: ${file}:${number}. ${file.startsWith(place.data) ? COPY : CONFIGURED}`)
  for (const file of remnants)
    line(io.stderr, `${file} still has the name in unused octets: stop the node and run the command again`)
  for (const problem of problems) line(io.stderr, problem)
  if (tables.length + logins.length + configuration.length === 0)
    line(io.stderr, `nothing is known about ${place.person.written}`)
  else if (!options.yes) line(io.stderr, 'nothing was erased; with --yes the command erases it')
}
