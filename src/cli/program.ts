// The command line: every command with its arguments and options. docs/reference/commands.md is generated from these declarations.

import { Command } from 'commander'
import { RELEASE } from '../lib/program-version.ts'
import { declareAccount } from './account/declare-account.ts'
import { declareAutoconfig } from './autoconfig/declare-autoconfig.ts'
import { declareBan } from './ban/declare-ban.ts'
import { declareCertificates } from './certificates/declare-certificates.ts'
import { declareCompletion } from './completion/declare-completion.ts'
import { declareDirectory } from './directory/declare-directory.ts'
import { declareDns } from './dns/declare-dns.ts'
import { declareFleet } from './fleet/declare-fleet.ts'
import { declareGreylist } from './greylist/declare-greylist.ts'
import type { Io } from './io.ts'
import { declareMachine } from './machine/declare-machine.ts'
import { declareLearn } from './learn/declare-learn.ts'
import { declareMail } from './mail/declare-mail.ts'
import { declareNode } from './node/declare-node.ts'
import { declareOauth } from './oauth/declare-oauth.ts'
import { declareMtaSts } from './mta-sts/declare-mta-sts.ts'
import { declareProbe } from './probe/declare-probe.ts'
import { declarePrivacy } from './privacy/declare-privacy.ts'
import { declareQueue } from './queue/declare-queue.ts'
import { declareReport } from './report/declare-report.ts'
import { declareStatus } from './status/declare-status.ts'
import { declareSetup } from './setup/declare-setup.ts'
import { declareSendmail } from './sendmail/declare-sendmail.ts'
import { declareSecrets } from './secrets/declare-secrets.ts'
import { declareTls } from './tls/declare-tls.ts'

/** What the program needs from its process. */
export interface ProgramPorts {
  readonly io: Io
  /** Called with the exit code of the command. */
  readonly finish: (code: number) => void
  /** Called instead of a command after `--help`, `--version` (0) and errors of the command line (another code). */
  readonly exit: (code: number) => never
}

/** Declares every command. The implementation of a command is loaded when the command is called. */
export function createProgram({ io, finish, exit }: ProgramPorts): Command {
  const program = new Command('waypost')
    .description('Waypost: every kind of mail-routing node for organisations without mailboxes')
    .version(RELEASE)
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError('(see --help)')
    // Subcommands copy this when they are declared.
    .exitOverride((error) => exit(error.exitCode))
  for (const declare of [
    declareSetup,
    declareNode,
    declareStatus,
    declareMail,
    declareProbe,
    declareSendmail,
    declareQueue,
    declareAccount,
    declareBan,
    declareGreylist,
    declarePrivacy,
    declareLearn,
    declareReport,
    declareDirectory,
    declareSecrets,
    declareMachine,
    declareOauth,
    declareCertificates,
    declareAutoconfig,
    declareMtaSts,
    declareFleet,
    declareDns,
    declareTls,
    declareCompletion,
  ])
    declare(program, io, finish)
  return program
}
