// What a run of setup prints: the files, the check of each node, the password of the first person, the next step.

import { join } from 'node:path'
import type { Problem } from '../../config/problem.ts'
import { formatProblem } from '../../config/problem.ts'
import type { Fleet } from '../../fleet/fleet-model.ts'
import type { SetupDone } from '../../setup/run-setup.ts'
import { setupFiles } from '../../setup/setup-folder.ts'
import type { FileResult } from '../../setup/write-files.ts'
import { type Io, line } from '../io.ts'

/** Longer differences are read with `diff`. Lines. */
const MAX_DIFF = 40

export function printFiles({ files, keysFor, notes }: SetupDone, io: Io, isDry: boolean): void {
  const would = isDry ? 'would be ' : ''
  const created = files.filter(({ kind }) => kind === 'created').map(({ path }) => path)
  const shown = isDry ? created : byFolder(created)
  for (const path of shown) line(io.stdout, `${would}created  ${path}`)
  for (const domain of keysFor) line(io.stdout, `${would}created  ${setupFiles.dkim}/${domain}/ (RSA and Ed25519)`)
  for (const { path } of files.filter(({ kind }) => kind === 'updated')) line(io.stdout, `${would}updated  ${path}`)
  for (const { path } of files.filter(({ kind }) => kind === 'kept'))
    line(io.stdout, `kept     ${path} (changed by hand)`)
  if (keysFor.length === 0 && files.every(({ kind }) => kind === 'unchanged' || kind === 'kept'))
    line(io.stdout, 'There is nothing to write.')
  for (const file of files.filter(({ kind }) => kind === 'differs')) printDiff(file, io)
  for (const note of notes) line(io.stderr, `${note} (warning)`)
}

function printDiff({ path, diff }: FileResult, io: Io): void {
  line(io.stderr, `${path} was changed by hand and is kept. Setup would write (- in the file, + by setup):`)
  for (const one of diff.slice(0, MAX_DIFF)) line(io.stderr, `    ${isSecret(path) ? one.slice(0, 1) : one}`)
  if (diff.length > MAX_DIFF) line(io.stderr, `    and ${diff.length - MAX_DIFF} more lines`)
  line(io.stderr, '  Move the change to fleet.yaml or shared/ and remove the file; then run setup again.')
}

/** Secrets do not belong on a terminal. */
function isSecret(path: string): boolean {
  return /(?:\.secret|\.key|key\.pem|passwd)$|\/dkim\//.test(path)
}

/** `mx-01/ (7 files)` */
function byFolder(paths: readonly string[]): readonly string[] {
  const groups = Map.groupBy(paths, (path) => (path.includes('/') ? `${path.split('/', 1)[0]}/` : path))
  return [...groups].map(([group, { length }]) =>
    group.endsWith('/') ? `${group} (${length} ${length === 1 ? 'file' : 'files'})` : group,
  )
}

export interface NodeCheck {
  readonly config: string
  readonly problems: readonly Problem[]
  /** Files that are missing here and that the host has. */
  readonly onHost: readonly Problem[]
  readonly warnings: readonly Problem[]
  readonly summary: string
}

/** One line for each node that is right, and everything that is not. */
export function printCheck({ config, problems, onHost, warnings, summary }: NodeCheck, io: Io): void {
  for (const problem of problems) line(io.stderr, formatProblem(problem))
  for (const warning of warnings) line(io.stderr, `${formatProblem(warning)} (warning)`)
  for (const { file, line: row, column, message } of onHost)
    line(
      io.stdout,
      `${file}:${row}:${column}: ${message.split(', which ')[0]} on the host: \`waypost check\` there finds it`,
    )
  if (problems.length + onHost.length === 0) line(io.stdout, `${config}: ok. ${summary}`)
}

/** About a domain for rewritten senders inside the mail domain, which setup takes where no other is named. */
export function printSrsDomain({ domain, srsDomain }: Pick<Fleet, 'domain' | 'srsDomain'>, io: Io): void {
  line(
    io.stdout,
    `Forwards leave with senders at ${srsDomain}. It is inside ${domain}, so mail that claims to be yours`,
  )
  line(
    io.stdout,
    'without a proof is forwarded with its own sender, or refused. A domain outside has no such limit: change',
  )
  line(io.stdout, '`srs` in fleet.yaml before you publish the records (docs/reference/srs.md).')
}

/** What the operator does next. In a later run: which folders and records have changed. */
export function printEnd(done: SetupDone, folder: string, io: Io): void {
  const { account, files, fleet } = done
  if (account) {
    const { name, password } = account
    line(io.stdout, '')
    line(io.stdout, `Password of ${name}: ${password}`)
    const change = `waypost passwd set ${name} --file ${join(folder, setupFiles.shared, 'passwd')}`
    line(io.stdout, `It is not shown again. To change it: ${change}`)
  }
  line(io.stdout, '')
  const written = files.filter(({ kind }) => kind === 'created' || kind === 'updated').map(({ path }) => path)
  const hosts = fleet.nodes
    .map(({ name }) => name)
    .filter((name) => written.some((path) => path.startsWith(`${name}/`)))
  const isLater = files.some(({ path, kind }) => path === setupFiles.zone && kind !== 'created')
  if (isLater && hosts.length > 0) line(io.stdout, `Copy to the hosts again: ${hosts.join(', ')}`)
  if (isLater && written.includes(setupFiles.zone)) line(io.stdout, `Publish again: ${setupFiles.zone}`)
  line(io.stdout, `Next: follow ${join(folder, setupFiles.checkList)}.`)
}
