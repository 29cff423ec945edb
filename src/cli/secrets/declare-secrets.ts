// Commands about secrets: SRS addresses, DKIM keys, passwords.

import type { Command } from 'commander'
import { systemClock } from '../../lib/clock.ts'
import { asJson, collect, describeCommand, readTime } from '../command-options.ts'
import type { Finish } from '../command-options.ts'
import type { Io } from '../io.ts'
import { declareAppPasswords } from './declare-app-passwords.ts'
import { declareSecondFactors } from './declare-second-factors.ts'
import type { PasswdOptions } from './passwd-command.ts'
import type { SrsCommand } from './srs-command.ts'

export function declareSecrets(program: Command, io: Io, finish: Finish): void {
  declareSrs(program, io, finish)
  declareDkim(program, io, finish)
  declarePasswd(program, io, finish)
  declareOperatorToken(program, io, finish)
}

function declareSrs(program: Command, io: Io, finish: Finish): void {
  describeCommand(
    program.command('srs'),
    'encode or decode an SRS address, with the secrets of a node or with those of the command line',
    'the address is not rewritten, or it is invalid',
  )
    .argument('<action>', 'encode or decode')
    .argument('<address>')
    .option('-c, --config <file>', 'YAML file of the node with `srs`')
    .option('--secret-file <file>', 'file with one secret; may be repeated: the first signs, all verify', collect)
    .option('--domain <domain>', 'SRS domain')
    .option('--at <time>', 'evaluate at this time (default: now)', readTime)
    .option(...asJson)
    .action(
      async (
        action: string,
        address: string,
        options: Omit<SrsCommand, 'action' | 'address' | 'at'> & { at?: number },
      ) =>
        finish(
          await (await import('./srs-command.ts')).srsCommand(
            { ...options, action, address, at: options.at ?? systemClock.now() },
            io,
          ),
        ),
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
  const dkim = program.command('dkim').description('create, list, publish, check and rotate DKIM keys; sign a message')
  const command = (name: string) =>
    dkim
      .command(name)
      .requiredOption('--keys <directory>', 'directory of keys')
      .option('--domain <domain>', 'only this domain')
      .option(...asJson)
  const common = (flags: DkimFlags) => ({ directory: flags.keys, domain: flags.domain, json: flags.json === true })
  command('keygen')
    .description('create keys of a domain and print their DNS records')
    .option('--selector <name>', 'selector (default: algorithm and date)')
    .option('--algorithm <name>', 'rsa or ed25519; may be repeated (default: both)', collect)
    .option('--active', 'sign with the new keys at once: their records are published already')
    .action(async (flags: DkimFlags) => {
      const { dkimKeygen } = await import('./dkim-keygen.ts')
      const { selector, domain = '', algorithm = ['rsa', 'ed25519'], active = false } = flags
      const stage = active ? ({ stage: 'active' } as const) : {}
      const wanted = { domain, selector, algorithms: algorithm, ...stage }
      finish(await dkimKeygen({ ...common(flags), ...wanted, now: systemClock.now() }, io))
    })
  command('list')
    .description('list the keys with their stages')
    .action(async (flags: DkimFlags) => finish(await (await import('./dkim-list.ts')).dkimList(common(flags), io)))
  command('records')
    .description('print the DNS records of the keys')
    .action(async (flags: DkimFlags) => finish(await (await import('./dkim-list.ts')).dkimRecords(common(flags), io)))
  describeCommand(command('check'), 'compare the records with the DNS', 'the record of an active key is not published')
    .option('--dns <host:port>', 'resolver (default: the resolvers of the system)')
    .action(async (flags: DkimFlags) =>
      finish(await (await import('./dkim-check.ts')).dkimCheck({ ...common(flags), dns: flags.dns }, io)),
    )
  command('rotate')
    .description('move each key to its next stage if the DNS allows it')
    .option('--dns <host:port>', 'resolver (default: the resolvers of the system)')
    .action(async (flags: DkimFlags) => {
      const { dkimRotate } = await import('./dkim-check.ts')
      finish(await dkimRotate({ ...common(flags), dns: flags.dns, now: systemClock.now() }, io))
    })
  describeCommand(
    command('sign'),
    'sign the message on standard input and print it with its signatures',
    'no active key signs for its author',
  ).action(async (flags: DkimFlags) =>
    finish(await (await import('./dkim-sign.ts')).dkimSign({ ...common(flags), now: systemClock.now() }, io)),
  )
}

interface PasswdFlags {
  readonly scheme?: string
  readonly hash?: string
  readonly file?: string
  readonly user?: string
  readonly json?: boolean
}

function declarePasswd(program: Command, io: Io, finish: Finish): void {
  const passwd = program
    .command('passwd')
    .description('hash and verify passwords, and edit a passwd-file; passwords are read from standard input')
  const run = async (options: PasswdOptions) => finish(await (await import('./passwd-command.ts')).passwd(options, io))
  passwd
    .command('hash')
    .description('hash a new password')
    .option('--scheme <name>', 'scheme of the hash')
    .option(...asJson)
    .action(({ scheme, json = false }: PasswdFlags) => run({ action: 'hash', scheme, json }))
  describeCommand(
    passwd.command('verify'),
    'compare a password with a hash, or with the hash of a user in a passwd-file',
    'the password does not match, or the file does not have the user',
  )
    .option('--hash <hash>', 'hash with its {SCHEME}')
    .option('--file <file>', 'passwd-file')
    .option('--user <name>', 'user in the file')
    .option(...asJson)
    .action(({ hash, file = '', user = '', json = false }: PasswdFlags) =>
      run({ action: 'verify', json, ...(hash === undefined ? { file, user } : { hash }) }),
    )
  passwd
    .command('set')
    .description('set the password of a user; create the user if missing')
    .argument('<user>')
    .requiredOption('--file <file>', 'passwd-file')
    .option('--scheme <name>', 'scheme of the hash')
    .option(...asJson)
    .action((user: string, { file = '', scheme, json = false }: PasswdFlags) =>
      run({ action: 'set', user, file, scheme, json }),
    )
  describeCommand(passwd.command('remove'), 'remove a user', 'the file does not have the user')
    .argument('<user>')
    .requiredOption('--file <file>', 'passwd-file')
    .option(...asJson)
    .action((user: string, { file = '', json = false }: PasswdFlags) => run({ action: 'remove', user, file, json }))
  declareAppPasswords(passwd, io, finish)
  declareSecondFactors(passwd, io, finish)
}

function declareOperatorToken(program: Command, io: Io, finish: Finish): void {
  program
    .command('operator-token')
    .description('make a token for the status page, and print it with its line for `admin.login.operators`')
    .argument('<name>', 'name of the operator, for the ledger')
    .option('--right <right>', 'view or act', 'act')
    .option(...asJson)
    .action(async (name: string, { right, json = false }: { readonly right: string; readonly json?: boolean }) => {
      const { operatorToken } = await import('./operator-token.ts')
      finish(operatorToken({ name, right, json }, io))
    })
}
