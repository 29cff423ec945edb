// One person in the files beside the databases: files of logins in the data directory, and lines of the configuration.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { openKnownClients } from '../../auth/known-clients.ts'
import { openLastUses } from '../../auth/last-uses.ts'
import { openLoginHistory } from '../../auth/login-history.ts'
import { loadConfig } from '../../config/load-config.ts'
import { loadDirectory } from '../../directory/load-directory.ts'
import { systemClock } from '../../lib/clock.ts'
import { eraseLogins, type LoginFile } from '../../node/login-files.ts'
import type { Person } from '../../privacy/person.ts'
import { appPasswordUsePath, certificateUsePath, knownClientsPath, loginHistoryPath } from '../../wiring/node-paths.ts'
import { routingFiles } from '../../wiring/routing-files.ts'

export interface FoundLine {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** Absent for a line with a secret, and for configuration. */
  readonly text?: string
}

/** A larger file is no file of lines. */
const LARGEST = 256 * 1024 * 1024
/** Names alone are found as whole words of these files: they are accounts there. */
const loginFiles = [knownClientsPath, loginHistoryPath, appPasswordUsePath, certificateUsePath] as const

/** Lines of logins about the person. Throws the error of the file system. */
export function findLogins(data: string, person: Person, names: readonly string[]): readonly FoundLine[] {
  return loginFiles.flatMap((pathOf) =>
    linesOf(pathOf({ data }))
      .filter(({ text }) => isOf(text, person, names))
      .map(({ file, line, text }) => ({ file: relative(data, file), line, text })),
  )
}

function isOf(text: string, person: Person, names: readonly string[]): boolean {
  return person.replace(text) !== text || text.split(/[\s":]+/).some((word) => names.includes(word.toLowerCase()))
}

/** Erases logins of a stopped node. Returns the files that named the person. Rejects with the error of the file system. */
export async function eraseLoginsOfStopped(data: string, names: readonly string[]): Promise<readonly string[]> {
  const open: readonly [path: string, read: (path: string) => Promise<LoginFile['file']>][] = [
    [knownClientsPath({ data }), (path) => openKnownClients(path, systemClock)],
    [loginHistoryPath({ data }), (path) => openLoginHistory(path, systemClock)],
    [appPasswordUsePath({ data }), (path) => openLastUses(path, systemClock)],
    [certificateUsePath({ data }), (path) => openLastUses(path, systemClock)],
  ]
  const files: LoginFile[] = []
  for (const [path, read] of open) if (existsSync(path)) files.push({ path, file: await read(path) })
  return eraseLogins(files, names)
}

/** Where the configuration and the copies of routing data name the person: the command changes neither. */
export function findConfigured(
  { config: file, data }: { readonly config: string; readonly data: string },
  person: Person,
  names: readonly string[],
): { readonly lines: readonly FoundLine[]; readonly problem: string | null } {
  const copies = [
    join(data, 'second-factors'),
    ...filesBelow(join(data, 'directory')),
    ...filesNamed(data, /\.damaged$/),
  ]
  const { files, problem } = configuredFiles(file)
  const lines = [...new Set([...files, ...copies])].flatMap((path) =>
    linesOf(path)
      .filter(({ text }) => isOf(text, person, isAccountFile(path) ? names : []))
      .map(({ file: found, line }) => ({ file: found, line })),
  )
  return { lines, problem }
}

/** In a passwd-file a user name begins the line. */
function isAccountFile(path: string): boolean {
  return !/\.(?:ya?ml|toml)$/.test(path)
}

function configuredFiles(file: string): { readonly files: readonly string[]; readonly problem: string | null } {
  const load = loadConfig(file)
  if (load.kind !== 'ok')
    return { files: [], problem: `${file} has problems, so the configuration was not searched: see waypost check` }
  const { config } = load
  const { users, app_passwords: apps, user_certificates: certificates } = config
  const named = [users, apps, certificates?.pins].filter((one) => typeof one === 'string')
  return { files: [...config.files, ...named, ...loadDirectory(routingFiles(config, [])).files], problem: null }
}

interface Line {
  readonly file: string
  readonly line: number
  readonly text: string
}

function linesOf(file: string): readonly Line[] {
  if (!existsSync(file) || !statSync(file).isFile() || statSync(file).size > LARGEST) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((text, index) => ({ file, line: index + 1, text }))
}

function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

function filesNamed(folder: string, pattern: RegExp): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name))
}
