// Commands about the queue.

import { type Command, InvalidArgumentError, Option } from 'commander'
import { systemClock } from '../../lib/clock.ts'
import { readFingerprint } from '../../lib/fingerprint.ts'
import type { ControlAction } from '../../queue/contract/queue-control.ts'
import {
  asJson,
  collect,
  type CommonOptions,
  configFile,
  dataDirectory,
  describeCommand,
  type Finish,
  operatorName,
  readDuration,
} from '../command-options.ts'
import type { Io } from '../io.ts'
import type { FilterOptions } from './queue-filter.ts'

interface ActionOptions extends CommonOptions, FilterOptions {
  readonly all?: boolean
  readonly reason: string
  readonly dryRun?: boolean
}

const reasonOption = ['--reason <text>', 'reason for the ledger', ''] as const
const dryRunOption = ['--dry-run', 'change nothing and print what the command would change'] as const

export function declareQueue(program: Command, io: Io, finish: Finish): void {
  const queue = program.command('queue').description('inspect and control the queue of a running or stopped node')
  declareInspection(queue, io, finish)
  declareActions(queue, io, finish)
  declareSuspensions(queue, io, finish)
  declareBackup(queue, io, finish)
  declareTransfer(queue, io, finish)
}

/** The filter options, the same for every command that takes a filter. */
function withFilter(command: Command): Command {
  return command
    .argument('[queue-id...]', 'only these messages')
    .option('--sender <pattern>', 'reverse-path; * matches any text, <> is the null sender')
    .option('--recipient <pattern>', 'final or original address')
    .option('--destination <pattern>', 'next hop such as mx:example.net')
    .option('--state <state>', 'state such as queued, deferred, claimed, held; may be repeated', collect)
    .option('--older-than <duration>', 'minimum age', readDuration)
    .option('--identity <name>', 'user or machine that submitted the message')
    .option('--reply <text>', 'part of the last reply, ignoring case')
}

function declareInspection(queue: Command, io: Io, finish: Finish): void {
  withFilter(queue.command('list'))
    .description('list messages with the state of their recipients and the last reply')
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(async (queueIds: string[], { config, data, json, ...filter }: CommonOptions & FilterOptions) => {
      const { queueList } = await import('./queue-list.ts')
      finish(await queueList({ config, data, json, queueIds, filter, now: systemClock.now() }, io))
    })
  describeCommand(
    queue.command('show'),
    'show one message: recipients, header and events',
    'the message is not in the queue',
  )
    .argument('<queue-id>')
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(async (queueId: string, options: CommonOptions) => {
      const { queueShow } = await import('./queue-show.ts')
      finish(await queueShow({ ...options, queueId, now: systemClock.now() }, io))
    })
  queue
    .command('stats')
    .description('count recipients by state and destination, and list suspended destinations')
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(async ({ config, data, json = false }: CommonOptions) => {
      const { queueStats } = await import('./queue-stats.ts')
      finish(await queueStats({ config, data, json, now: systemClock.now() }, io))
    })
}

const actions: readonly (readonly [ControlAction, string])[] = [
  ['hold', 'stop attempts for recipients until `release`; held recipients never expire'],
  ['release', 'end a hold and make the recipients due now'],
  ['retry', 'make recipients due now, whatever their schedule'],
  ['bounce', 'fail recipients and send the sender a DSN with the reason'],
  ['remove', 'delete recipients without a DSN'],
]

function declareActions(queue: Command, io: Io, finish: Finish): void {
  for (const [action, summary] of actions) {
    withFilter(describeCommand(queue.command(action), summary, 'no recipient matches'))
      .option('--all', 'permit the command without any condition')
      .option(...reasonOption)
      .option(...dryRunOption)
      .option(...configFile)
      .option(...dataDirectory)
      .option(...asJson)
      .action(async (queueIds: string[], options: ActionOptions) => {
        const { config, data, json = false, all = false, dryRun = false, reason, ...filter } = options
        const { queueAction } = await import('./queue-action.ts')
        const order = { config, data, json, all, dryRun, reason, by: operatorName(), now: systemClock.now() }
        finish(await queueAction({ ...order, action, queueIds, filter }, io))
      })
  }
}

function declareSuspensions(queue: Command, io: Io, finish: Finish): void {
  const texts = {
    suspend: [
      'stop attempts for destinations; their recipients never expire',
      'the destinations are suspended already',
    ],
    resume: ['end suspensions', 'the destinations are not suspended'],
  } as const
  for (const action of ['suspend', 'resume'] as const) {
    const [summary, exitCode1] = texts[action]
    describeCommand(queue.command(action), summary, exitCode1)
      .argument('<destination...>', 'next hop such as mx:example.net, or a domain')
      .option(...reasonOption)
      .option(...dryRunOption)
      .option(...configFile)
      .option(...dataDirectory)
      .option(...asJson)
      .action(async (destinations: string[], options: CommonOptions & { reason: string; dryRun?: boolean }) => {
        const { config, data, json = false, dryRun = false, reason } = options
        const { queueSuspend } = await import('./queue-suspend.ts')
        finish(await queueSuspend({ config, data, json, dryRun, reason, by: operatorName(), action, destinations }, io))
      })
  }
}

function declareBackup(queue: Command, io: Io, finish: Finish): void {
  describeCommand(
    queue.command('backup'),
    'copy the queue of a running or stopped node into a new folder and verify the copy',
    'the queue cannot be copied',
  )
    .argument('<folder>')
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(async (target: string, { config, data, json = false }: CommonOptions) =>
      finish(await (await import('./queue-backup.ts')).queueBackup({ config, data, json, target }, io)),
    )
  describeCommand(
    queue.command('restore'),
    'replace the queue of a stopped node with a backup',
    'the node is running, its queue has mail, or the backup is damaged',
  )
    .argument('<folder>')
    .option('--force', 'also replace a queue with mail; it is moved aside')
    .option(...configFile)
    .option(...dataDirectory)
    .option(...asJson)
    .action(async (target: string, flags: CommonOptions & { readonly force?: boolean }) => {
      const { config, data, json = false, force = false } = flags
      const { queueRestore } = await import('./queue-backup.ts')
      finish(await queueRestore({ config, data, json, target, force, now: systemClock.now() }, io))
    })
}

interface DrainFlags extends CommonOptions {
  readonly to?: string
  readonly abort?: boolean
  readonly fingerprint?: string[]
  readonly wait: number
  readonly force?: boolean
}

/** A busy destination may hold an attempt for minutes. */
const DEFAULT_DRAIN_WAIT_MS = 300_000

function collectFingerprint(text: string, earlier: string[] = []): string[] {
  const fingerprint = readFingerprint(text)
  if (fingerprint === null) throw new InvalidArgumentError('expected a SHA-256 fingerprint: 64 hex digits')
  return [...earlier, fingerprint]
}

function declareTransfer(queue: Command, io: Io, finish: Finish): void {
  describeCommand(
    queue.command('drain'),
    'transfer the queue to another node, exactly once; the other node needs `queue_transfer`',
    'messages remain in this queue',
  )
    .addOption(new Option('--to <host:port>', '`queue_transfer` listener of the other node').conflicts('abort'))
    .option('--abort', 'abort the transfers that the other node has not confirmed')
    .addOption(
      new Option('--force', 'with --abort: do not ask the other node, which may deliver the same messages').conflicts(
        'to',
      ),
    )
    .option(
      '--fingerprint <sha256>',
      'of the certificate or key of the other node, if it is not a peer; may be repeated',
      collectFingerprint,
    )
    .addOption(
      new Option('--wait <duration>', 'time limit for running attempts and for an unreachable node')
        .argParser(readDuration)
        .default(DEFAULT_DRAIN_WAIT_MS, '5m'),
    )
    .option(...configFile)
    .option(...asJson)
    .action(async (flags: DrainFlags, command: Command) => {
      const { config, json = false, to, abort = false, force = false, fingerprint = [], wait } = flags
      if ((to === undefined) === !abort) command.error('error: expected --to HOST:PORT or --abort', { exitCode: 2 })
      const common = { config, json, fingerprints: fingerprint, by: operatorName() }
      const { queueDrain, queueAbort } = await import('./queue-drain.ts')
      if (to === undefined) finish(await queueAbort({ ...common, force }, io))
      else finish(await queueDrain({ ...common, to, patienceMs: wait }, io))
    })
  describeCommand(
    queue.command('adopt'),
    'move the queue of a dead node into this one, with its events, exactly once',
    'messages remain in the other queue, or its node is running',
  )
    .argument('<directory>', 'data directory of the dead node')
    .option('--name <name>', 'name of the dead node in the ledger (default: the directory)')
    .option(...configFile)
    .option(...asJson)
    .action(
      async (directory: string, { config, json = false, name = null }: CommonOptions & { name?: string | null }) => {
        const { queueAdopt } = await import('./queue-adopt.ts')
        finish(await queueAdopt({ config, json, directory, name, by: operatorName() }, io))
      },
    )
}
