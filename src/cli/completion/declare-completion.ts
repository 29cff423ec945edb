// waypost completion: prints a script that lets a shell complete commands, options and known values.

import type { Command } from 'commander'
import type { Finish } from '../command-options.ts'
import { type Io, OK } from '../io.ts'

export function declareCompletion(program: Command, io: Io, finish: Finish): void {
  const completion = program.command('completion').description('print the completion of a shell')
  const shell = (name: string, print: () => Promise<string>) =>
    completion
      .command(name)
      .description(`print the completion of ${name}`)
      .action(async () => {
        io.stdout.write(await print())
        finish(OK)
      })
  const commands = async () => (await import('./completed-commands.ts')).completedCommand(program)
  shell('bash', async () => (await import('./bash-completion.ts')).bashCompletion(await commands()))
  shell('zsh', async () => (await import('./zsh-completion.ts')).zshCompletion(await commands()))
  shell('fish', async () => (await import('./fish-completion.ts')).fishCompletion(await commands()))
}
