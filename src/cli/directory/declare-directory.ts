// Commands on routing data: of files, and of the directory's mirrored sources.

import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import type { DirectoryOptions } from './directory-command.ts'
import type { ExportOptions } from './directory-export.ts'
import type { Io } from '../io.ts'
import { asJson, configFile } from '../command-options.ts'
import type { Finish } from '../command-options.ts'

type Flags = Omit<DirectoryOptions, 'source'>

export function declareDirectory(program: Command, io: Io, finish: Finish): void {
  const directory = program
    .command('directory')
    .description('routing data of all files as one; what is known from LDAP and SQL, and the way back')
  directory
    .command('export')
    .description('print the routing data of all files as one file with keys of ours, which `mail:` reads again')
    .option(...configFile)
    .addOption(new Option('--format <format>', 'how to print it').choices(['yaml', 'json']).default('yaml'))
    .option('--json', 'the same as --format json')
    .action(async ({ json, ...flags }: ExportOptions & { readonly json?: boolean }) => {
      const { directoryExport } = await import('./directory-export.ts')
      finish(await directoryExport(json ? { ...flags, format: 'json' } : flags, io))
    })
  const command = (name: string, about: string) =>
    directory
      .command(name)
      .description(about)
      .argument('[source]', 'ldap or sql, where there are both')
      .option(...configFile)
      .option(...asJson)
  const room = () => import('./directory-command.ts')
  command('status', 'versions on disk, how old, and what was refused; exit code 1 if a source is in doubt').action(
    async (source: string | undefined, flags: Flags) =>
      finish(await (await room()).directoryStatus({ ...flags, source }, io)),
  )
  command('diff', 'what the last refused reading would change, or else what the last version changed')
    .option('--from <version>', 'compare this version', readVersion)
    .option('--to <version>', 'with this one', readVersion)
    .action(async (source: string | undefined, flags: Flags & { from?: number; to?: number }) =>
      finish(await (await room()).directoryDiff({ ...flags, source }, io)),
    )
  command('rollback', 'answer from an older version until `accept`')
    .option('--to <version>', 'the one before the one in use where not given', readVersion)
    .action(async (source: string | undefined, { to, ...flags }: Flags & { to?: number }) =>
      finish(await (await room()).directoryRollback({ ...flags, source, version: to }, io)),
    )
  command('accept', 'follow the source again, and take its next reading even if it shrank').action(
    async (source: string | undefined, flags: Flags) =>
      finish(await (await room()).directoryAccept({ ...flags, source }, io)),
  )
  command('refresh', 'ask the running node to read its sources now').action(
    async (source: string | undefined, flags: Flags) =>
      finish(await (await room()).directoryRefresh({ ...flags, source }, io)),
  )
}

function readVersion(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('expected the number of a version')
  return Number(text)
}
