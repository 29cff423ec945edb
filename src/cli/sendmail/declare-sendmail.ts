// The declaration of `waypost sendmail` for help and the reference. main.ts runs it without this, so that it starts fast.

import type { Command } from 'commander'
import { describeCommand, type Finish } from '../command-options.ts'
import type { Io } from '../io.ts'

export function declareSendmail(program: Command, io: Io, finish: Finish): void {
  describeCommand(
    program.command('sendmail'),
    'submit the message on standard input to the node on this machine, as sendmail does',
    'never; the codes of sysexits.h say what failed, such as 64 usage, 67 no such user, 75 try again, 77 not allowed',
  )
    .argument('[recipients...]', 'addresses; with -t also those of To, Cc and Bcc')
    .option('-t', 'take recipients from the header')
    .option('-i', 'a line with a single dot does not end the message; also -oi')
    .option('-f <address>', 'reverse-path; <> for the null sender (default: the name of the caller); also -r')
    .option('-F <name>', 'name of the author if the message has no From')
    .option('-N <conditions>', 'DSNs: never, or a list of success, failure, delay')
    .option('-R <part>', 'what a DSN returns: full or hdrs')
    .option('-V <id>', 'envelope ID for DSNs')
    .option(
      '-b <mode>',
      's: SMTP on standard input and output; p: mailq; i: newaliases; m: a message (default); d is refused',
    )
    .option('-v', 'print the replies of the node')
    .option('--as <user>', 'submit as this user, through the socket of the submission node')
    .action(async (_recipients: string[], _options, command: Command) => {
      const { sendmail } = await import('./sendmail.ts')
      finish(await sendmail(command.args, { io, run: async () => 0 }))
    })
}
