// Commands that teach the spam filter.

import type { Command } from 'commander'
import { asJson, type CommonOptions, configFile, describeCommand, type Finish } from '../command-options.ts'
import type { Io } from '../io.ts'

export function declareLearn(program: Command, io: Io, finish: Finish): void {
  const learn = program.command('learn').description('teach rspamd with messages')
  for (const as of ['spam', 'ham'] as const) {
    const what = as === 'spam' ? 'spam' : 'ham: no spam'
    describeCommand(learn.command(as), `teach rspamd that messages are ${what}`, 'a message was not learned')
      .argument('[file...]', 'file with one message, - for standard input (default, if no --id is given)')
      .option('--id <queue-id...>', 'messages in the queue of the node, also held ones')
      .option(...configFile)
      .option(...asJson)
      .action(async (files: string[], options: CommonOptions & { readonly id?: string[] }) => {
        const { config, json = false, id: queueIds = [] } = options
        const { learnCommand } = await import('./learn-command.ts')
        finish(await learnCommand({ as, config, json, files, queueIds }, io))
      })
  }
}
