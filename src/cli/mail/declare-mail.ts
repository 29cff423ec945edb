// Commands about mail: where it would go, where it went, and a test mail.

import type { Command } from 'commander'
import type { Io } from '../io.ts'
import type { SendOptions } from './send.ts'
import { asJson, collect, configFile, readTime } from '../command-options.ts'
import type { Finish } from '../command-options.ts'

interface Common {
  readonly config: string
  readonly json?: boolean
}

export function declareMail(program: Command, io: Io, finish: Finish): void {
  declareExplain(program, io, finish)
  program
    .command('trace')
    .description('what did happen to a mail, by queue id, address or message-id')
    .argument('<subject>', 'QUEUE-ID | ADDRESS | MESSAGE-ID')
    .option(...configFile)
    .option(...asJson)
    .action(async (subject: string, options: Common) =>
      finish(await (await import('./trace.ts')).trace({ ...options, subject }, io)),
    )
  program
    .command('send')
    .description('a test mail, printing the dialogue')
    .requiredOption('--from <address>', 'reverse-path and From:; <> for the null sender')
    .requiredOption('--to <address>', 'recipient, may be repeated', collect)
    .option('--via <host:port>', 'server', '127.0.0.1:25')
    .option('--user <name>', 'log in (needs TLS)')
    .option('--password-file <file>', 'file that holds the password')
    .option('--cert <file>', 'client certificate, PEM')
    .option('--key <file>', 'its key, PEM')
    .option('--ca <file>', 'CA that the server is verified against, PEM')
    .option('--insecure', 'accept whatever certificate the server shows')
    .option('--starttls', 'insist on STARTTLS')
    .option('--tls', 'start with TLS (implied by port 465)')
    .option('--subject <text>', 'subject of the mail', 'Test mail')
    .option('--message <file>', 'a whole message instead, - for standard input')
    .option(...asJson)
    .action(async (options: SendOptions) => finish(await (await import('./send.ts')).send(options, io)))
}

function declareExplain(program: Command, io: Io, finish: Finish): void {
  program
    .command('explain')
    .description('what would happen to this mail, and why: nothing is sent or stored')
    .argument('<recipient>', 'forward-path')
    .option(...configFile)
    .option('--from <address>', 'reverse-path, <> for the null sender')
    .option(
      '--as <origin>',
      'internet, local, peer:ROLE, user:NAME or machine:NAME; what the role usually admits where not given',
    )
    .option('--ip <address>', "client's address", '192.0.2.1')
    .option('--helo <name>', 'what the client says in EHLO', 'client.example')
    .option(
      '--message <file>',
      'a whole message, - for standard input: also run the checks and decide about the signature',
    )
    .option('--at <time>', 'as if it were then', readTime)
    .option(...asJson)
    .action(
      async (
        recipient: string,
        options: Common & { from?: string; as?: string; ip: string; helo: string; message?: string; at?: number },
      ) =>
        finish(
          await (await import('./explain.ts')).explain({ ...options, recipient, at: options.at ?? Date.now() }, io),
        ),
    )
}
