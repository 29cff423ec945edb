// Commands about the TLS of outgoing mail.

import type { Command } from 'commander'
import { asJson, configFile, describeCommand, type Finish } from '../command-options.ts'
import type { Io } from '../io.ts'

interface TlsFlags {
  readonly config: string
  readonly json?: boolean
}

export function declareTls(program: Command, io: Io, finish: Finish): void {
  const tls = program.command('tls').description('the TLS of outgoing mail: what policies demand, and what hosts offer')
  const commands = [
    ['policy', 'show what the TLS policy demands for each mail host of a domain, and why; nothing is connected'],
    ['test', 'connect to each mail host of a domain as for a message, and show what TLS reaches; nothing is sent'],
  ] as const
  for (const [name, summary] of commands) {
    describeCommand(tls.command(name), summary, 'no host may get mail, or its TLS fails')
      .argument('<domain>', 'a domain, or a next hop such as smtp:[relay.example.net]:587')
      .option(...configFile)
      .option(...asJson)
      .action(async (domain: string, flags: TlsFlags) => {
        const { tlsOfDomain } = await import('./tls-of-domain.ts')
        finish(await tlsOfDomain({ ...flags, domain, connects: name === 'test' }, io))
      })
  }
}
