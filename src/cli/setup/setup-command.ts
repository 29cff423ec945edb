// waypost setup: writes the folder of a new fleet, or completes the one of an earlier run, and checks the nodes in it.

import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { formatProblem, type Problem } from '../../config/problem.ts'
import { commandClock } from '../../lib/clock.ts'
import { runSetup, type SetupDone, type SetupResult } from '../../setup/run-setup.ts'
import { setupFiles } from '../../setup/setup-folder.ts'
import { FAILED, type Io, line, OK, USAGE } from '../io.ts'
import { inspect } from '../node/check-command.ts'
import { askFleet } from './ask-fleet.ts'
import { type Flags, type FoundSource, fromAnswers, fromFlags, fromFolder, usualSrsDomain } from './fleet-source.ts'
import { type NodeCheck, printCheck, printEnd, printFiles, printSrsDomain } from './print-setup.ts'

export interface SetupOptions extends Flags {
  readonly answers?: string
  readonly dryRun?: boolean
}

/** Exit code 1 if a file was changed by hand and differs, or if a node would not start. */
export async function setup(options: SetupOptions, io: Io): Promise<number> {
  const found = await findSource(options, io)
  if (found.kind === 'bad') return usageErrors(found.problems, io)
  const { source } = found
  const isDry = options.dryRun === true
  const { origin, ...rest } = source
  const request = { ...rest, origin: origin ?? '', isDry, now: commandClock.now() }
  const result = await runSetup(request).catch((error: Error) => unwritable(source.folder, error))
  if (result.kind === 'unusable') return usageErrors(result.problems, io)
  if (result.kind === 'bad') return usageErrors(result.problems.map(origin === null ? withoutPlace : formatProblem), io)
  line(io.stdout, `${isDry ? 'A dry run of' : 'Writing'} ${source.folder}:`)
  printFiles(result, io, isDry)
  const differs = result.files.some(({ kind }) => kind === 'differs')
  if (isDry) return differs ? FAILED : OK
  const isStartable = await checkNodes(result, io)
  printEnd(result, source.folder, io)
  return differs || !isStartable ? FAILED : OK
}

async function findSource(options: SetupOptions, io: Io): Promise<FoundSource> {
  const { answers, domain, folder } = options
  if (answers !== undefined) return fromAnswers(answers, folder, options)
  const target = [folder, domain, '.'].find((one) => one !== undefined && existsSync(join(one, setupFiles.fleet)))
  if (target !== undefined && (folder === undefined || target === folder)) return fromFolder(target, options)
  return domain === undefined ? askFleet(folder, io) : fromFlags(folder ?? domain, { ...options, domain })
}

/** An error of the file system ends the run; the next one continues. Another error is a bug. */
function unwritable(folder: string, error: Error): SetupResult {
  if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
  return { kind: 'unusable', problems: [`${folder}: cannot be written: ${error.message}; fix it and run setup again`] }
}

/** A text that flags make has no lines that the operator knows. */
function withoutPlace({ message }: Problem): string {
  return message
}

function usageErrors(problems: readonly string[], io: Io): number {
  for (const problem of problems) line(io.stderr, problem)
  return USAGE
}

/** As `waypost check --offline` does, with the paths that the folders have here. False if a node would not start. */
async function checkNodes({ fleet }: SetupDone, io: Io): Promise<boolean> {
  line(io.stdout, '')
  const isUsualSrs = fleet.srsDomain === usualSrsDomain(fleet.domain)
  const checks: NodeCheck[] = []
  for (const node of fleet.nodes) {
    const config = relative('.', node.config)
    const { problems, warnings, summary } = await inspect({ config, offline: true, isUserKnown: true })
    const check: NodeCheck = {
      config,
      problems: problems.filter((problem) => !isOnHost(problem)),
      onHost: problems.filter(isOnHost),
      // The data directory is on the host of the node, not here. Setup explains its own choice once, not for each node.
      warnings: warnings.filter(
        ({ message }) => !message.startsWith('data: ') && !(isUsualSrs && message.startsWith('srs.domain: ')),
      ),
      summary,
    }
    printCheck(check, io)
    checks.push(check)
  }
  if (isUsualSrs) printSrsDomain(fleet, io)
  return checks.every(({ problems }) => problems.length === 0)
}

/** A file with an absolute path is one of the host, such as a certificate that it renews itself. */
function isOnHost({ message }: Problem): boolean {
  return /found \/[^,]*, which cannot be read \(ENOENT/.test(message)
}
