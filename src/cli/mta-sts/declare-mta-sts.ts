// Commands about our own MTA-STS policy.

import { Argument, type Command } from 'commander'
import { configFile, type Finish } from '../command-options.ts'
import type { Io } from '../io.ts'
import type { StsFormat } from './print-sts.ts'

const formats: readonly StsFormat[] = ['policy', 'records']

export function declareMtaSts(program: Command, io: Io, finish: Finish): void {
  program
    .command('mta-sts')
    .description('the MTA-STS policy of our domains')
    .command('print')
    .description('print the policy for a web server, or its DNS records')
    .addArgument(new Argument('<format>', 'policy: mta-sts.txt; records: lines of a zone file').choices([...formats]))
    .option(...configFile)
    .action(async (format: StsFormat, flags: { readonly config: string }) => {
      const { printSts } = await import('./print-sts.ts')
      finish(await printSts({ format, config: flags.config }, io))
    })
}
