// What `waypost check` finds on the host beside the content of the files: secrets that others can read, a data directory that the node cannot
// use, files of another user in it. All of these are warnings, because they depend on the user who runs the command.

import { accessSync, constants, existsSync, lstatSync, readdirSync, statfsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { Path, Problem } from '../config/problem.ts'
import { directoryProblem } from '../sendmail/drop-directory.ts'
import { caMismatch, nameMismatch } from './certificate-check.ts'

/** Readable by every user, or writable by the group or every user. */
const TOO_OPEN = 0o027

/** The warnings, at the keys that name the files. DKIM keys are checked where they are read. */
export function hostWarnings(config: Config): Problem[] {
  return [...certificateWarnings(config), ...openSecrets(config), ...dataWarnings(config), ...dropWarnings(config)]
}

function certificateWarnings({ tls, hostname, at }: Config): Problem[] {
  if (!tls) return []
  const mismatches = [nameMismatch(tls, hostname), caMismatch(tls)]
  return mismatches.filter((one) => one !== null).map((one) => at(['tls', 'certificate'], one))
}

function openSecrets({ secrets, users, app_passwords: apps, machines, at }: Config): Problem[] {
  const named = (key: string, file: string | undefined) => (file === undefined ? [] : [{ path: [key] as Path, file }])
  const accounts = [...named('users', users), ...named('app_passwords', apps), ...named('machines', machines)]
  return [...secrets, ...accounts].flatMap(({ path, file }) => {
    const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0
    if ((mode & TOO_OPEN) === 0) return []
    const found = `found ${file} with mode ${(mode & 0o777).toString(8)}, expected 600 or 640`
    return [at(path, `${found}: other users of this host can ${mode & 0o004 ? 'read' : 'change'} it`)]
  })
}

function dataWarnings({ data, at }: Config): Problem[] {
  const place = nearestExisting(data)
  const who = `uid ${process.getuid?.() ?? 'unknown'}`
  try {
    accessSync(place, constants.W_OK | constants.X_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const denied = place === data ? 'may not write' : `may not create in ${place}`
    return [
      at(['data'], `found ${data}, which ${who} ${denied} (${code}), expected a directory of the user of the node`),
    ]
  }
  if (place === data) return foreignFiles(data, at)
  if (!entriesImpossible.has(statfsSync(place).type)) return []
  return [at(['data'], `found ${data}, but no directory can be created in ${place}, expected another place`)]
}

function dropWarnings({ drop, at }: Config): Problem[] {
  const problem = drop && directoryProblem(drop.directory)
  return problem ? [at(['drop', 'directory'], problem)] : []
}

/** File systems in which root may create nothing, although the permissions say otherwise: proc and sysfs (statfs(2)). */
const entriesImpossible: ReadonlySet<number> = new Set([0x9fa0, 0x62656572])

function nearestExisting(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : nearestExisting(dirname(path))
}

/** Files that root has left, for example with `waypost run` of an earlier release; the user of the node cannot write to them. */
function foreignFiles(data: string, at: Config['at']): Problem[] {
  const owner = statSync(data).uid
  const mirrors = join(data, 'directory')
  const places = [data, join(data, 'queue'), mirrors, ...entriesOf(mirrors)]
  const foreign = places.flatMap(entriesOf).filter((path) => ![undefined, owner].includes(uidOf(path)))
  const [first] = foreign
  if (first === undefined) return []
  const count = foreign.length === 1 ? '' : `, and ${foreign.length - 1} more`
  const found = `found ${first}${count}, which belongs to uid ${uidOf(first)}, expected uid ${owner}, the owner of ${data}`
  return [at(['data'], `${found}; stop the node and run chown -Rh ${owner} ${data}`)]
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name))
  } catch {
    // Missing, or not for this user; the access check reports what matters.
    return []
  }
}

function uidOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.uid
}
