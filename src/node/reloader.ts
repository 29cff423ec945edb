// Reloads of a running node, one after the other, and the check of the files on disk between them.

import { loadConfig } from '../config/load-config.ts'
import type { Config } from '../config/config.ts'
import { formatProblem } from '../config/problem.ts'
import { applyReload, type Reloadable } from './apply-reload.ts'
import type { ConfigurationState } from './configuration-state.ts'
import { loadData } from './load-data.ts'
import type { ReloadResult } from './reload-result.ts'
import { watchFiles } from './watch-files.ts'
import { readShortHashes } from './srs-hash-record.ts'

export interface Reloader {
  /** Reads the node's YAML and activates it, all or nothing. Never rejects. */
  reload(): Promise<ReloadResult>
  /** The files that the active data was read from, and those of data that was refused. */
  files(): readonly string[]
  close(): void
}

export interface ReloaderParts extends Reloadable {
  readonly state: ConfigurationState
  readonly draining: AbortSignal
}

/** How often changes of the files on disk are looked for. An operator who does not reload after an edit has time until the next start. */
const DISK_POLL_MS = 60_000

/** Starts to check the files on disk when they change. */
export async function startReloader(parts: ReloaderParts): Promise<Reloader> {
  const { config, clock, log, data, state } = parts
  let refusedFiles: readonly string[] = []
  const files = () => [...new Set([config.file, ...data.files(), ...refusedFiles])]
  const noteFiles = (refused: readonly string[]) => {
    refusedFiles = refused
  }
  const inOrder = oneAfterTheOther()
  const reload = async (): Promise<ReloadResult> => {
    if (parts.draining.aborted) return refusedBecause(config, 'the node is draining')
    const result = await reloadOnce(parts, noteFiles).catch((error: unknown) => {
      log.bug(error, 'reload')
      return refusedBecause(config, 'internal error; the log has the details')
    })
    state.reloaded(result)
    return result
  }
  const checkDisk = async () => {
    const problems = await problemsOnDisk(parts, noteFiles).catch((error: unknown) => {
      log.bug(error, 'check of the configuration on disk')
      return []
    })
    state.onDisk(problems)
  }
  const watch = await watchFiles({
    files,
    changed: () => inOrder(checkDisk),
    clock,
    since: Number.POSITIVE_INFINITY,
    pollMs: DISK_POLL_MS,
  })
  return { reload: () => inOrder(reload), files, close: () => watch.close() }
}

/** Runs work one after the other: of two reloads at the same time, the older one could end last. */
function oneAfterTheOther(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = last.then(work)
    last = next
    return next
  }
}

type NoteFiles = (refused: readonly string[]) => void

async function reloadOnce(parts: ReloaderParts, noteFiles: NoteFiles): Promise<ReloadResult> {
  const { config, log } = parts
  const load = loadConfig(config.file)
  noteFiles(load.kind === 'bad' ? load.files : [])
  if (load.kind === 'ok') return applyReload(load.config, parts)
  const { problems } = load
  log.error({ problems: problems.map(formatProblem) }, 'reload rejected; the old configuration stays active')
  return { kind: 'refused', file: config.file, problems: [...problems] }
}

/** What a start with the files on disk would report; changes nothing. */
async function problemsOnDisk(
  { config, clock, tokens, sources, guard, revocation }: ReloaderParts,
  noteFiles: NoteFiles,
) {
  const load = loadConfig(config.file)
  if (load.kind === 'bad') {
    noteFiles(load.files)
    return load.problems
  }
  const ports = {
    clock,
    tokens,
    shortHashes: readShortHashes,
    sources: sources.set,
    guard,
    revocation: revocation.lists,
    use: 'disk',
  } as const
  const loaded = await loadData(load.config, ports)
  noteFiles(loaded.kind === 'bad' ? loaded.files : [])
  return loaded.kind === 'bad' ? loaded.problems : []
}

function refusedBecause({ file }: Config, message: string): ReloadResult {
  return { kind: 'refused', file, problems: [{ file, line: 1, column: 1, message }] }
}
