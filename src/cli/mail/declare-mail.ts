// Commands about single messages: explain, trace, send, verify, dnsbl.

import { type Command, Option } from 'commander'
import { systemClock } from '../../lib/clock.ts'
import {
  asJson,
  collect,
  type CommonOptions,
  configFile,
  dataDirectory,
  describeCommand,
  readCount,
  readPastTime,
  readTime,
} from '../command-options.ts'
import type { Finish } from '../command-options.ts'
import type { Io } from '../io.ts'
import type { DnsblOptions } from './dnsbl-command.ts'
import type { ExplainOptions } from './explain.ts'
import type { SendOptions } from './send.ts'
import type { TraceOptions } from './trace.ts'
import type { VerifyOptions } from './verify-command.ts'

export function declareMail(program: Command, io: Io, finish: Finish): void {
  declareExplain(program, io, finish)
  declareTrace(program, io, finish)
  declareSend(program, io, finish)
  declareVerify(program, io, finish)
  declareDnsbl(program, io, finish)
}

function declareExplain(program: Command, io: Io, finish: Finish): void {
  describeCommand(
    program.command('explain'),
    'show what the node would do with a message, and why; nothing is sent or stored',
    'the message would not be accepted',
  )
    .argument('<recipient>', 'forward-path')
    .option(...configFile)
    .option('--from <address>', 'reverse-path; <> for the null sender')
    .option(
      '--as <origin>',
      'internet, local, peer:ROLE, user:NAME or machine:NAME (default: a client of the first listener)',
    )
    .option('--ip <address>', 'address of the client', '192.0.2.1')
    .option('--helo <name>', 'name of the client in EHLO', 'client.example')
    .option('--host <name>', 'confirmed name of the client, for the own lists (default: the DNS says)')
    .option(
      '--message <file>',
      'a complete message, - for standard input: also run the checks of messages and decide about signatures',
    )
    .option('--at <time>', 'evaluate at this time (default: now)', readTime)
    .option(...asJson)
    .action(async (recipient: string, options: Omit<ExplainOptions, 'recipient' | 'at'> & { readonly at?: number }) =>
      finish(
        await (await import('./explain.ts')).explain(
          { ...options, recipient, at: options.at ?? systemClock.now() },
          io,
        ),
      ),
    )
}

function declareTrace(program: Command, io: Io, finish: Finish): void {
  describeCommand(
    program.command('trace'),
    'show the events of messages from the ledger',
    'the ledger has no matching event',
  )
    .argument('<subject>', 'queue ID, address, Message-ID, session of a refusal, or a suspended destination')
    .option(
      '--since <time>',
      'only events from this time on, such as 2026-11-21T02:00:00Z, or a duration before now such as 2h',
      readPastTime,
    )
    .option('--until <time>', 'only events before this time or duration', readPastTime)
    .option('--limit <messages>', 'only the newest messages of a busy address (default: 200)', readCount)
    .option('--newest-first', 'print the newest event first')
    .addOption(
      new Option(
        '--fleet',
        'follow the message over the nodes of fleet_view or peers: to the next hops, their DSNs, and the bounces',
      ).conflicts(['newestFirst', 'data']),
    )
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(
      async (subject: string, { fleet, ...options }: CommonOptions & TraceOptions & { readonly fleet?: boolean }) =>
        finish(
          fleet
            ? await (await import('./trace-fleet.ts')).traceFleet({ ...options, subject }, io)
            : await (await import('./trace.ts')).trace({ ...options, subject }, io),
        ),
    )
}

function declareSend(program: Command, io: Io, finish: Finish): void {
  describeCommand(
    program.command('send'),
    'send a test message and print the SMTP dialogue',
    'the server did not accept every recipient',
  )
    .requiredOption('--from <address>', 'reverse-path and From; <> for the null sender')
    .requiredOption('--to <address>', 'recipient; may be repeated', collect)
    .option('--via <host:port>', 'server', '127.0.0.1:25')
    .option('--user <name>', 'log in as this user, over TLS')
    .option('--password-file <file>', 'file with the password')
    .option('--cert <file>', 'client certificate, PEM')
    .option('--key <file>', 'private key of the certificate, PEM')
    .option('--ca <file>', "CA of the server's certificate, PEM")
    .option('--insecure', 'accept any certificate of the server')
    .option('--starttls', 'require STARTTLS')
    .option('--tls', 'use implicit TLS (default on port 465)')
    .option('--subject <text>', 'subject of the message', 'Test mail')
    .option('--message <file>', 'a complete message instead, - for standard input')
    .option(...asJson)
    .action(async (options: SendOptions) => finish(await (await import('./send.ts')).send(options, io)))
}

function declareVerify(program: Command, io: Io, finish: Finish): void {
  describeCommand(
    program.command('verify'),
    'check SPF, DKIM, DMARC and ARC of the message on standard input, as an mx node does',
    'the author is not proven',
  )
    .requiredOption('--ip <address>', 'address of the client')
    .requiredOption('--helo <name>', 'name of the client in EHLO')
    .requiredOption('--from <address>', 'reverse-path; <> for the null sender')
    .option('--dns <host:port>', 'resolver (default: the resolvers of the system)')
    .option('--at <time>', 'evaluate at this time (default: now)', readTime)
    .option(...asJson)
    .action(async (options: Omit<VerifyOptions, 'at'> & { readonly at?: number }) =>
      finish(
        await (await import('./verify-command.ts')).verify({ ...options, at: options.at ?? systemClock.now() }, io),
      ),
    )
}

function declareDnsbl(program: Command, io: Io, finish: Finish): void {
  describeCommand(
    program.command('dnsbl'),
    'show what the DNS lists of a node say about an address or a domain',
    'the node refuses mail from it',
  )
    .argument('<subject>', 'IP address or domain')
    .option(...configFile)
    .option(...asJson)
    .action(async (subject: string, options: Omit<DnsblOptions, 'subject'>) =>
      finish(await (await import('./dnsbl-command.ts')).dnsbl({ ...options, subject }, io)),
    )
}
