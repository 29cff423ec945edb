// Reads the files of routing data, users, machines and signing keys that a node's YAML names, with the problems of all of them.

import { dirname } from 'node:path'
import { loadAppPasswords } from '../auth/app-password-file.ts'
import type { AppPasswordFile } from '../auth/app-password-file.ts'
import { loadMachines } from '../auth/machines.ts'
import type { Machines } from '../auth/machines.ts'
import { loadUserPins } from '../auth/user-pins.ts'
import type { UserPins } from '../auth/user-pins.ts'
import { loadPasswdFile } from '../auth/passwd-file.ts'
import type { PasswdFile } from '../auth/passwd-file.ts'
import type { Config } from '../config/config.ts'
import type { Problem } from '../config/problem.ts'
import type { SectionValues } from '../config/sections.ts'
import type { ExternalSource } from '../directory/external-source.ts'
import { recordEndings } from '../directory/files/file-ending.ts'
import type { FileEndings } from '../directory/files/file-ending.ts'
import { diskFiles } from '../directory/files/files.ts'
import { loadDirectory } from '../directory/load-directory.ts'
import type { LoadedDirectory } from '../directory/load-directory.ts'
import { stateFile } from '../dkim/key-file.ts'
import { loadKeys } from '../dkim/key-store.ts'
import type { DkimKey } from '../dkim/key.ts'
import { routingFiles, type RoutingSections } from '../wiring/routing-files.ts'

export interface FilesRead {
  readonly directory: LoadedDirectory
  /** How each file of routing data, users and machines ended. */
  readonly endings: FileEndings
  readonly keys: readonly DkimKey[]
  /** Null if the configuration names no passwd-file. */
  readonly users: PasswdFile | null
  /** Null if the configuration names no file of app passwords. */
  readonly apps: AppPasswordFile | null
  readonly machines: Machines | null
  /** Null if the configuration names no file of pinned certificates. */
  readonly pins: UserPins | null
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
  /** Every file that was read; a change of one requires a reload. */
  readonly files: readonly string[]
}

type FileSections = Pick<Config, 'dkim' | 'users' | 'app_passwords' | 'user_certificates' | 'machines'>

/** `sources` are the LDAP and SQL sources that the files may refer to. */
export async function readDataFiles(
  config: RoutingSections & FileSections & Pick<Config, 'files'>,
  sources: readonly ExternalSource[],
): Promise<FilesRead> {
  const recorded = recordEndings(diskFiles)
  const directory = loadDirectory(routingFiles(config, sources), recorded.files)
  const { keys, users, apps, pins, machines, problems, warnings } = await readAccounts(config)
  const named = [config.users, config.app_passwords, config.user_certificates?.pins, config.machines]
  for (const file of [...named, ...(machines?.files ?? [])]) if (typeof file === 'string') recorded.files.read(file)
  return {
    directory,
    endings: recorded.endings,
    keys,
    users,
    apps,
    pins,
    machines,
    problems: [...problemsOf(directory, 'error'), ...problems],
    warnings: [...problemsOf(directory, 'warning'), ...warnings],
    files: filesOf(config, directory, { keys, machines }),
  }
}

/** The problems of the files that the sections without a problem name, for a configuration that has problems elsewhere. */
export async function problemsOfFiles(values: Partial<SectionValues>): Promise<readonly Problem[]> {
  const { hostname, domain, role, mail, directory, dkim, users, app_passwords, user_certificates, machines } = values
  const accounts = await readAccounts({
    dkim,
    users,
    app_passwords,
    user_certificates: user_certificates ?? null,
    machines,
  })
  if (!hostname || !domain || !role || !mail || !directory) return accounts.problems
  const { facts = {}, hiera } = values
  const routing = loadDirectory(routingFiles({ hostname, domain, role, mail, directory, facts, hiera }, []))
  return [...problemsOf(routing, 'error'), ...accounts.problems]
}

async function readAccounts(config: FileSections) {
  const store = config.dkim ? await loadKeys(config.dkim.keys) : { keys: [], problems: [], warnings: [] }
  const users = config.users === undefined ? null : await loadPasswdFile(config.users)
  const apps = config.app_passwords === undefined ? null : await loadAppPasswords(config.app_passwords)
  const pinFile = config.user_certificates?.pins ?? null
  const pins = pinFile === null ? null : await loadUserPins(pinFile)
  const machines = config.machines === undefined ? null : await loadMachines(config.machines)
  const ofUsers = (severity: 'error' | 'warning') =>
    [...(users?.problems ?? []), ...(apps?.problems ?? [])].filter((one) => one.severity === severity)
  return {
    keys: store.keys,
    users,
    apps,
    pins,
    machines,
    problems: [
      ...store.problems.map(splitFile),
      ...ofUsers('error'),
      ...(pins?.problems ?? []),
      ...(machines?.problems ?? []),
    ],
    warnings: [...store.warnings.map(splitFile), ...ofUsers('warning')],
  }
}

function filesOf(
  config: RoutingSections & FileSections & Pick<Config, 'files'>,
  directory: LoadedDirectory,
  { keys, machines }: Pick<FilesRead, 'keys' | 'machines'>,
): string[] {
  return [
    ...config.files,
    ...directory.files,
    // A directory changes when a fragment is added or removed.
    ...config.mail,
    ...directory.folders,
    // The folder too: it changes when a machine is added.
    ...(machines?.files ?? []),
    ...[config.users, config.app_passwords, config.user_certificates?.pins, config.machines, config.dkim?.keys].filter(
      (file) => typeof file === 'string',
    ),
    // The directory of a domain changes when a key is added or removed, the state file of a key when it is rotated.
    ...keys.flatMap(({ file }) => [dirname(file), file, stateFile(file)]),
  ]
}

/** The problems of one severity. Routing data reports 0:0 for a file as a whole; editors count from 1. */
export function problemsOf(loaded: Pick<LoadedDirectory, 'problems'>, severity: 'error' | 'warning'): Problem[] {
  return loaded.problems
    .filter((one) => one.severity === severity)
    .map((one) => ({ ...one, line: Math.max(1, one.line), column: Math.max(1, one.column) }))
}

/** Messages of the key store begin with the file. */
function splitFile(sentence: string): Problem {
  const [file = '', ...rest] = sentence.split(': ')
  return { file, line: 1, column: 1, message: rest.join(': ') }
}
