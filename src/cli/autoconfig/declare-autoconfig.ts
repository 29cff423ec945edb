// Commands about the automatic configuration of mail programs.

import { Argument, type Command } from 'commander'
import { configFile, type Finish } from '../command-options.ts'
import type { Io } from '../io.ts'
import { type AutoconfigFormat, formats } from './autoconfig-format.ts'

export function declareAutoconfig(program: Command, io: Io, finish: Finish): void {
  program
    .command('autoconfig')
    .description('automatic configuration of mail programs')
    .command('print')
    .description('print the settings for mail programs, for a web server or a DNS zone')
    .addArgument(
      new Argument(
        '<format>',
        'records: DNS; thunderbird: config-v1.1.xml; outlook: the Autodiscover answer; apple: a profile; page: for people',
      ).choices(formats),
    )
    .argument('[address]', 'mail address; required for outlook and apple')
    .option(...configFile)
    .action(async (format: AutoconfigFormat, address: string | undefined, flags: { readonly config: string }) => {
      const { printAutoconfig } = await import('./print-autoconfig.ts')
      finish(await printAutoconfig({ format, address, config: flags.config }, io))
    })
}
