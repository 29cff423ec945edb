// Commands on single subjects: SRS addresses, authentication, signing keys, passwords.

import type { Command } from 'commander'
import type { Io } from '../io.ts'
import type { PasswdOptions } from './passwd-command.ts'
import type { SrsCommand } from './srs-command.ts'
import { asJson, collect, readTime } from '../command-options.ts'
import type { Finish } from '../command-options.ts'

export function declareSecrets(program: Command, io: Io, finish: Finish): void {
  declareSrs(program, io, finish)
  program
    .command('verify')
    .description('SPF, DKIM, DMARC and ARC of a message on standard input, as the mx sees them')
    .requiredOption('--ip <address>', "client's address")
    .requiredOption('--helo <name>', 'what the client said in EHLO')
    .requiredOption('--from <address>', 'reverse-path, <> for the null sender')
    .option('--dns <host:port>', "resolver; the system's where not given")
    .option('--at <time>', 'as if it were then')
    .option(...asJson)
    .action(async (options: { ip: string; helo: string; from: string; dns?: string; at?: string; json?: boolean }) =>
      finish(await (await import('../mail/verify-command.ts')).verify({ ...options, json: options.json === true }, io)),
    )
  declareDkim(program, io, finish)
  declarePasswd(program, io, finish)
}

function declareSrs(program: Command, io: Io, finish: Finish): void {
  program
    .command('srs')
    .description('write or read an SRS address; without -c the secret and domain are given here')
    .argument('<action>', 'encode or decode')
    .argument('<address>')
    .option('-c, --config <file>', "the node's YAML: its srs domain and secrets")
    .option('--secret-file <file>', 'file with a secret, may be repeated: the first signs', collect)
    .option('--domain <domain>', 'SRS domain')
    .option('--at <time>', 'as if it were then', readTime)
    .option(...asJson)
    .action(async (action: string, address: string, options: SrsCommand) =>
      finish(await (await import('./srs-command.ts')).srsCommand({ ...options, action, address }, io)),
    )
}

interface DkimFlags {
  readonly keys: string
  readonly domain?: string
  readonly selector?: string
  readonly algorithm?: string[]
  readonly active?: boolean
  readonly dns?: string
  readonly json?: boolean
}

function declareDkim(program: Command, io: Io, finish: Finish): void {
  const dkim = program.command('dkim').description('signing keys: make, list, publish, check, rotate; sign a message')
  const command = (name: string, about: string) =>
    dkim
      .command(name)
      .description(about)
      .requiredOption('--keys <directory>', 'directory of keys')
      .option('--domain <domain>', 'only this domain')
      .option(...asJson)
  const common = (flags: DkimFlags) => ({ directory: flags.keys, domain: flags.domain, json: flags.json === true })
  command('keygen', 'make keys of a domain and print the records to publish')
    .option('--selector <name>', 'selector; algorithm and date where not given')
    .option('--algorithm <name>', 'rsa or ed25519, may be repeated; both where not given', collect)
    .option('--active', 'sign with it at once: its record is published already')
    .action(async (flags: DkimFlags) => {
      const { dkimKeygen } = await import('./dkim-command.ts')
      const { selector, algorithm = ['rsa', 'ed25519'], active } = flags
      const stage = active ? ({ stage: 'active' } as const) : {}
      finish(
        await dkimKeygen(
          { ...common(flags), domain: flags.domain ?? '', selector, algorithms: algorithm, ...stage, now: Date.now() },
          io,
        ),
      )
    })
  command('list', 'keys with their stage').action(async (flags: DkimFlags) =>
    finish(await (await import('./dkim-command.ts')).dkimList(common(flags), io)),
  )
  command('records', 'the DNS records to publish').action(async (flags: DkimFlags) =>
    finish(await (await import('./dkim-command.ts')).dkimRecords(common(flags), io)),
  )
  command('check', 'compare the records with the live DNS')
    .option('--dns <host:port>', 'resolver')
    .action(async (flags: DkimFlags) =>
      finish(await (await import('./dkim-command.ts')).dkimCheck({ ...common(flags), dns: flags.dns }, io)),
    )
  command('rotate', 'move keys to their next stage where the DNS allows it')
    .option('--dns <host:port>', 'resolver')
    .action(async (flags: DkimFlags) =>
      finish(
        await (await import('./dkim-command.ts')).dkimRotate({ ...common(flags), dns: flags.dns, now: Date.now() }, io),
      ),
    )
  command('sign', 'sign the message on standard input, print it with its signatures').action(async (flags: DkimFlags) =>
    finish(await (await import('./dkim-command.ts')).dkimSign({ ...common(flags), now: Date.now() }, io)),
  )
}

function declarePasswd(program: Command, io: Io, finish: Finish): void {
  const passwd = program
    .command('passwd')
    .description('passwords; read from standard input, never from the command line')
  const run = async (options: PasswdOptions) => finish(await (await import('./passwd-command.ts')).passwd(options, io))
  passwd
    .command('hash')
    .description('hash a new password')
    .option('--scheme <name>', 'scheme')
    .option(...asJson)
    .action((flags: { scheme?: string; json?: boolean }) =>
      run({ action: 'hash', scheme: flags.scheme, json: flags.json === true }),
    )
  passwd
    .command('verify')
    .description('does the password fit a hash, or a user of a file')
    .option('--hash <hash>', 'a hash with its {SCHEME}')
    .option('--file <file>', 'passwd-file')
    .option('--user <name>', 'user in it')
    .option(...asJson)
    .action((flags: { hash?: string; file?: string; user?: string; json?: boolean }) => {
      const asked = { action: 'verify', json: flags.json === true } as const
      return run(
        flags.hash === undefined
          ? { ...asked, file: flags.file ?? '', user: flags.user ?? '' }
          : { ...asked, hash: flags.hash },
      )
    })
  for (const action of ['set', 'remove'] as const) {
    passwd
      .command(action)
      .description(action === 'set' ? 'set the password of a user, adding him if he is new' : 'remove a user')
      .argument('<user>')
      .requiredOption('--file <file>', 'passwd-file')
      .option('--scheme <name>', 'scheme')
      .option(...asJson)
      .action((user: string, flags: { file: string; scheme?: string; json?: boolean }) =>
        run({ action, user, file: flags.file, scheme: flags.scheme, json: flags.json === true }),
      )
  }
}
