// Commands about routing data: the data of files as one file, and the mirrored sources of `directory`.

import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { asJson, configFile, describeCommand } from '../command-options.ts'
import type { Finish } from '../command-options.ts'
import type { Io } from '../io.ts'
import type { DirectoryOptions } from './with-mirrors.ts'
import type { ExportOptions } from './directory-export.ts'

type Flags = Omit<DirectoryOptions, 'source'>

export function declareDirectory(program: Command, io: Io, finish: Finish): void {
  const directory = program
    .command('directory')
    .description('inspect routing data and control its LDAP and SQL mirrors')
  declareExport(directory, io, finish)
  declareReading(directory, io, finish)
  declareOrders(directory, io, finish)
}

function declareExport(directory: Command, io: Io, finish: Finish): void {
  directory
    .command('export')
    .description('print the routing data of all files as one file, which `mail:` reads with the same result')
    .option(...configFile)
    .addOption(new Option('--format <format>', 'output format').choices(['yaml', 'json']).default('yaml'))
    .option('--json', 'the same as --format json')
    .action(async ({ json, ...flags }: ExportOptions & { readonly json?: boolean }) => {
      const { directoryExport } = await import('./directory-export.ts')
      finish(await directoryExport(json ? { ...flags, format: 'json' } : flags, io))
    })
}

function mirrorCommand(
  directory: Command,
  name: string,
  texts: readonly [summary: string, exitCode1: string],
): Command {
  return describeCommand(directory.command(name), ...texts)
    .argument('[source]', 'ldap, sql or files; optional if only one is mirrored')
    .option(...configFile)
    .option(...asJson)
}

function declareReading(directory: Command, io: Io, finish: Finish): void {
  mirrorCommand(directory, 'status', [
    'show the stored versions of each source, their age, and the last rejected read',
    'a source may be incomplete, so the node defers mail for unknown addresses',
  ]).action(async (source: string | undefined, flags: Flags) =>
    finish(await (await import('./directory-status.ts')).directoryStatus({ ...flags, source }, io)),
  )
  mirrorCommand(directory, 'diff', [
    'show what the rejected read would change, or what the last version changed',
    'nothing differs, or there are no two versions',
  ])
    .option('--from <version>', 'compare this version', readVersion)
    .option('--to <version>', 'with this version', readVersion)
    .action(async (source: string | undefined, flags: Flags & { from?: number; to?: number }) =>
      finish(await (await import('./directory-diff.ts')).directoryDiff({ ...flags, source }, io)),
    )
}

function declareOrders(directory: Command, io: Io, finish: Finish): void {
  mirrorCommand(directory, 'rollback', [
    'answer from an older version until `waypost directory accept`',
    'the older version is missing or damaged',
  ])
    .option('--to <version>', 'version to use (default: the one before the version in use)', readVersion)
    .action(async (source: string | undefined, { to, ...flags }: Flags & { to?: number }) =>
      finish(await (await import('./directory-orders.ts')).directoryRollback({ ...flags, source, version: to }, io)),
    )
  mirrorCommand(directory, 'accept', [
    'end a rollback, and accept the next complete read even if it lost many entries',
    'the order cannot be written',
  ]).action(async (source: string | undefined, flags: Flags) =>
    finish(await (await import('./directory-orders.ts')).directoryAccept({ ...flags, source }, io)),
  )
  mirrorCommand(directory, 'refresh', ['read the sources now', 'the order cannot be written']).action(
    async (source: string | undefined, flags: Flags) =>
      finish(await (await import('./directory-orders.ts')).directoryRefresh({ ...flags, source }, io)),
  )
}

function readVersion(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('expected the number of a version')
  return Number(text)
}
