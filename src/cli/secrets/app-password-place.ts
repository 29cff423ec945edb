// Where the commands about app passwords work: the file that `app_passwords` in a node's YAML names, or the one of the command line.

import { readFile } from 'node:fs/promises'
import { readKeys } from '../../config/data-key.ts'
import { formatProblem } from '../../config/problem.ts'
import { line, USAGE } from '../io.ts'
import type { Io } from '../io.ts'

export interface AppPlaceOptions {
  /** The node's YAML. */
  readonly config: string
  /** The file of app passwords; then the YAML is not read. */
  readonly file?: string | undefined
}

export interface AppPlace {
  readonly file: string
  /** The main domain; null if it is not known. */
  readonly domain: string | null
  /** The passwd-file; null if there is none, or it is not known. */
  readonly users: string | null
}

/** The place, or the exit code after an error message. Reads only what root may read. */
export function findAppPlace({ config, file }: AppPlaceOptions, io: Io): AppPlace | number {
  if (file !== undefined) return { file, domain: null, users: null }
  const keys = readKeys(config, ['app_passwords', 'domain', 'users'])
  if (keys.kind === 'bad') {
    for (const problem of keys.problems) line(io.stderr, formatProblem(problem))
    line(io.stderr, 'name the file with --file FILE')
    return USAGE
  }
  const named = keys.path('app_passwords')
  if (named !== null) return { file: named, domain: keys.text('domain'), users: keys.path('users') }
  line(io.stderr, `${config} has no key app_passwords: add one such as \`app_passwords: app-passwords\``)
  return USAGE
}

/** The text of a file; empty if it does not exist, null if it cannot be read. */
export async function readOrEmpty(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? '' : null
  }
}
