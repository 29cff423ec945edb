// Keeps the revocation lists of the authorities of users current: files are read again when they change, URLs are asked before their list becomes
// too old. A list from a URL is kept in the data directory, so that a start needs no network.

import { createHash, type X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readRevocationList } from '../auth/revocation-list.ts'
import type { RevocationList } from '../auth/revocation-list.ts'
import type { Config } from '../config/config.ts'
import { certificatesIn } from '../config/sections/user-certificates-section.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import { makeDirectory } from '../lib/make-directory.ts'
import { replaceFile } from '../lib/replace-file.ts'
import type { Health, HealthCheck } from '../observe/health-report.ts'
import { revocationListDirectory } from '../wiring/node-paths.ts'

export interface RevocationLists {
  readonly lists: () => readonly RevocationList[]
  readonly health: HealthCheck
  /** Why lists are missing or too old, a sentence for each; empty if all are current. */
  problems(): readonly string[]
  /** Takes the lists that a reload names, and reads those that are new. */
  update(config: Config): Promise<void>
  /** Reads what is due. */
  refresh(): Promise<void>
}

export interface ListPorts {
  readonly clock: Pick<Clock, 'now'>
  readonly log: Pick<Log, 'info' | 'warn'>
  /** False: lists from URLs are not written to the data directory. */
  readonly keep?: boolean
  /** Tests answer it. */
  readonly fetch?: typeof globalThis.fetch
}

type Place = { readonly url: string } | { readonly file: string }

interface Source {
  readonly place: Place
  list: RevocationList | null
  problem: string | null
  /** Of the file that was read last. */
  mark: string
  /** When a URL is asked next, unix milliseconds. */
  due: number
}

const MINUTE_MS = 60_000
/** Longest time between two questions, for authorities that publish a list before the old one ends. */
const MOST_WAIT_MS = 60 * MINUTE_MS
/** Shortest time, and the time after a failure. */
const LEAST_WAIT_MS = 5 * MINUTE_MS
const FETCH_MS = 10_000
/** A list of some 300 000 certificates. */
const MOST_OCTETS = 16 * 1024 * 1024

/** Reads files and kept lists. URLs are asked at the first `refresh`. */
export async function openRevocationLists(config: Config, ports: ListPorts): Promise<RevocationLists> {
  let sources: readonly Source[] = []
  let authorities: readonly X509Certificate[] = []
  let folder = ''
  const at = (): Reader => ({ ...ports, authorities, folder })
  const problems = () => sources.flatMap((source) => problemOf(source, ports.clock.now()) ?? [])
  const lists: RevocationLists = {
    lists: () => sources.flatMap(({ list }) => list ?? []),
    problems,
    health: {
      name: 'revocation',
      check: async (): Promise<Health> => {
        const [reason] = problems()
        return reason === undefined ? { kind: 'ok' } : { kind: 'degraded', reason }
      },
    },
    update: async (next) => {
      const { crl = [], ca = '' } = next.user_certificates ?? {}
      const before = sources
      folder = revocationListDirectory(next)
      const isSameCa =
        authorities.map(({ raw }) => raw.toString('hex')).join() ===
        certificatesIn(ca)
          .map(({ raw }) => raw.toString('hex'))
          .join()
      authorities = certificatesIn(ca)
      sources = crl.map((place) => {
        const known = isSameCa ? before.find((one) => nameOf(one.place) === nameOf(place)) : undefined
        return known ?? { place, list: null, problem: null, mark: '', due: 0 }
      })
      for (const source of sources) if (source.list === null || 'file' in source.place) await readKept(source, at())
    },
    refresh: async () => {
      for (const source of sources) await refresh(source, at())
    },
  }
  await lists.update(config)
  return lists
}

/** Reads what is due once a minute, and at once what was never fetched. */
export function followLists(
  lists: Pick<RevocationLists, 'refresh'>,
  {
    clock,
    log,
    stops,
  }: { readonly clock: Clock; readonly log: Pick<Log, 'bug'>; readonly stops: AsyncDisposableStack },
): void {
  let isReading = false
  const read = () => {
    if (isReading) return
    isReading = true
    lists
      .refresh()
      .catch((error: unknown) => log.bug(error, 'refresh of revocation lists'))
      .finally(() => (isReading = false))
  }
  read()
  const timer = clock.every(MINUTE_MS, read)
  stops.defer(() => timer.cancel())
}

interface Reader extends ListPorts {
  readonly authorities: readonly X509Certificate[]
  /** Where lists from URLs are kept. */
  readonly folder: string
}

/** The file itself, or what is kept of a URL. */
async function readKept(source: Source, reader: Reader): Promise<void> {
  const { place } = source
  if ('file' in place) return refresh(source, reader)
  const kept = await readFile(keptFile(place.url, reader.folder)).catch(() => null)
  if (kept) take(source, kept, reader)
  else source.problem = 'it was not fetched yet'
}

async function refresh(source: Source, reader: Reader): Promise<void> {
  const { place } = source
  const { clock, log } = reader
  const before = source.problem
  try {
    if ('file' in place) await readChangedFile(source, place.file, reader)
    else if (source.due <= clock.now()) await fetchList(source, place.url, reader)
  } catch (error) {
    source.problem = errorText(error)
    source.due = clock.now() + LEAST_WAIT_MS
  }
  if (source.problem !== null && source.problem !== before)
    log.warn({ list: nameOf(place), cause: source.problem }, 'a revocation list cannot be read')
}

async function readChangedFile(source: Source, file: string, reader: Reader): Promise<void> {
  const { ino, size, mtimeMs } = await stat(file)
  const mark = [ino, size, mtimeMs].join()
  if (mark === source.mark && source.problem === null) return
  if (size > MOST_OCTETS) throw new Error(`it has more than ${MOST_OCTETS} octets`)
  take(source, await readFile(file), reader)
  source.mark = mark
}

async function fetchList(source: Source, url: string, reader: Reader): Promise<void> {
  const { fetch = globalThis.fetch, clock, folder, log, keep = true } = reader
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_MS) })
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  const octets = await bodyOf(response)
  take(source, octets, reader)
  if (source.problem !== null || source.list === null) throw new Error(source.problem ?? 'no list')
  const left = (source.list.nextUpdate ?? Number.POSITIVE_INFINITY) - clock.now()
  source.due = clock.now() + Math.min(MOST_WAIT_MS, Math.max(LEAST_WAIT_MS, left / 2))
  if (!keep) return
  makeDirectory(folder)
  // In base64, as every file that is replaced at once is text.
  await replaceFile(keptFile(url, folder), pemOf(octets)).catch((error: Error) =>
    log.warn({ list: url, cause: error.message }, 'a revocation list cannot be kept'),
  )
}

/** Uses the list if it is valid and not older than the one in use. */
function take(source: Source, octets: Buffer, { authorities }: Reader): void {
  const read = readRevocationList(octets, authorities)
  if (read.kind === 'bad') source.problem = read.problem
  else if (source.list && read.list.thisUpdate < source.list.thisUpdate)
    source.problem = 'it is older than the one in use'
  else {
    source.list = read.list
    source.problem = null
  }
}

async function bodyOf(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let octets = 0
  for await (const chunk of response.body ?? []) {
    octets += chunk.length
    if (octets > MOST_OCTETS) throw new Error(`it has more than ${MOST_OCTETS} octets`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function problemOf({ place, list, problem }: Source, now: number): string | null {
  const name = `revocation list ${nameOf(place)}`
  if (list === null) return `${name}: ${problem ?? 'not read'}`
  if (list.nextUpdate === null || list.nextUpdate > now) return null
  const ended = new Date(list.nextUpdate).toISOString()
  return `${name} ended at ${ended}${problem === null ? '' : `: ${problem}`}`
}

function nameOf(place: Place): string {
  return 'url' in place ? place.url : place.file
}

function keptFile(url: string, folder: string): string {
  return join(folder, `${createHash('sha256').update(url).digest('hex').slice(0, 32)}.pem`)
}

function pemOf(octets: Buffer): string {
  const text = octets.toString('latin1')
  if (text.startsWith('-----BEGIN')) return text
  const lines = octets.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN X509 CRL-----\n${lines.join('\n')}\n-----END X509 CRL-----\n`
}
