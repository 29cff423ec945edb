// Commands about what waits: looking at it, steering it.

import { type Command, Option } from 'commander'
import type { ControlAction } from '../../queue/contract/queue-control.ts'
import type { Io } from '../io.ts'
import { operatorName } from './operator.ts'
import type { FilterOptions } from './queue-filter.ts'
import { asJson, collect, configFile, readDuration } from '../command-options.ts'
import type { Finish } from '../command-options.ts'

interface Common {
  readonly config: string
  readonly json?: boolean
}

interface ActionOptions extends Common, FilterOptions {
  readonly all?: boolean
  readonly reason: string
  readonly dryRun?: boolean
}

const reasonOption = ['--reason <text>', 'why, for the ledger', ''] as const
const dryRunOption = ['--dry-run', 'change nothing, say what would be touched'] as const

export function declareQueue(program: Command, io: Io, finish: Finish): void {
  const queue = program.command('queue').description('look at what waits, and steer it')
  declareLooking(queue, io, finish)
  declareSteering(queue, io, finish)
  declareDestinations(queue, io, finish)
  declareBackup(queue, io, finish)
  declareMoving(queue, io, finish)
}

/** The filter grammar: the same for every command that takes one. */
function withFilter(command: Command): Command {
  return command
    .argument('[queue-id...]', 'these messages only')
    .option('--sender <pattern>', 'reverse-path; * stands for any text, <> for the null sender')
    .option('--recipient <pattern>', 'final or original address')
    .option('--destination <pattern>', 'next hop such as mx:example.net')
    .option('--state <state>', 'queued, deferred, claimed, held, failed …; may be repeated', collect)
    .option('--older-than <duration>', 'arrived longer ago than this', readDuration)
    .option('--identity <name>', 'user or machine that sent it')
    .option('--reply <text>', 'part of the last reply')
}

function declareLooking(queue: Command, io: Io, finish: Finish): void {
  withFilter(queue.command('list').description('messages and recipients that wait, with the reason'))
    .option(...configFile)
    .option(...asJson)
    .action(async (queueIds: string[], { config, json, ...filter }: Common & FilterOptions) =>
      finish(
        await (await import('./queue-list.ts')).queueList({ config, json, queueIds, filter, now: Date.now() }, io),
      ),
    )
  queue
    .command('show')
    .description('one message: recipients, header, events')
    .argument('<queue-id>')
    .option(...configFile)
    .option(...asJson)
    .action(async (queueId: string, options: Common) =>
      finish(await (await import('./queue-list.ts')).queueShow({ ...options, queueId, now: Date.now() }, io)),
    )
  queue
    .command('stats')
    .description('how much waits, in which state and for which destinations')
    .option(...configFile)
    .option(...asJson)
    .action(async ({ config, json = false }: Common) =>
      finish(await (await import('./queue-stats.ts')).queueStats({ config, json, now: Date.now() }, io)),
    )
}

const actions: readonly (readonly [ControlAction, string])[] = [
  ['hold', 'not attempt them until they are released; held mail never expires'],
  ['release', 'end a hold: attempt them now'],
  ['retry', 'attempt them now, whatever the schedule says'],
  ['bounce', 'give up and tell the sender, with the reason'],
  ['remove', 'drop them and tell nobody'],
]

function declareSteering(queue: Command, io: Io, finish: Finish): void {
  for (const [action, description] of actions) {
    withFilter(queue.command(action).description(description))
      .option('--all', 'permit it without any condition')
      .option(...reasonOption)
      .option(...dryRunOption)
      .option(...configFile)
      .option(...asJson)
      .action(async (queueIds: string[], options: ActionOptions) => {
        const { config, json = false, all = false, dryRun = false, reason, ...filter } = options
        const order = { config, json, all, dryRun, reason, by: operatorName(), now: Date.now() }
        finish(await (await import('./queue-action.ts')).queueAction({ ...order, action, queueIds, filter }, io))
      })
  }
}

function declareDestinations(queue: Command, io: Io, finish: Finish): void {
  const both = [
    ['suspend', 'stop attempts for destinations; their mail waits and does not expire'],
    ['resume', 'end a suspension'],
  ] as const
  for (const [action, description] of both) {
    queue
      .command(action)
      .description(description)
      .argument('<destination...>', 'next hop such as mx:example.net, or a domain')
      .option(...reasonOption)
      .option(...dryRunOption)
      .option(...configFile)
      .option(...asJson)
      .action(async (destinations: string[], options: Common & { reason: string; dryRun?: boolean }) => {
        const { config, json = false, dryRun = false, reason } = options
        const order = { config, json, dryRun, reason, by: operatorName() }
        finish(await (await import('./queue-suspend.ts')).queueSuspend({ ...order, action, destinations }, io))
      })
  }
}

function declareBackup(queue: Command, io: Io, finish: Finish): void {
  queue
    .command('backup')
    .description('copy the queue of a working or stopped node into a new folder, and verify the copy')
    .argument('<folder>')
    .option(...configFile)
    .option(...asJson)
    .action(async (target: string, { config, json = false }: Common) =>
      finish(await (await import('./queue-backup.ts')).queueBackup({ config, json, target }, io)),
    )
  queue
    .command('restore')
    .description('put a backup into the place of the queue of a stopped node')
    .argument('<folder>')
    .option('--force', 'also if that queue holds mail: it is moved aside')
    .option(...configFile)
    .option(...asJson)
    .action(async (target: string, { config, json = false, force = false }: Common & { force?: boolean }) =>
      finish(
        await (await import('./queue-backup.ts')).queueRestore({ config, json, target, force, now: Date.now() }, io),
      ),
    )
}

interface DrainFlags extends Common {
  readonly to?: string
  readonly takeBack?: boolean
  readonly fingerprint?: string[]
  readonly wait: number
  readonly force?: boolean
}

/** Default patience of a drain: a busy destination may hold an attempt for minutes. */
const DRAIN_WAIT_MS = 300_000

function declareMoving(queue: Command, io: Io, finish: Finish): void {
  queue
    .command('drain')
    .description('hand the queue over to another node, exactly once (its `queue_transfer` listener takes it)')
    .addOption(new Option('--to <host:port>', 'the other node').conflicts('takeBack'))
    .option('--take-back', 'call off what was frozen for nodes that did not answer')
    .addOption(
      new Option('--force', 'with --take-back: do not ask them; they may have that mail as well').conflicts('to'),
    )
    .option('--fingerprint <sha256>', "of the other node's certificate or key, where no peer tells it", collect)
    .option('--wait <duration>', 'for attempts under way and a silent node', readDuration, DRAIN_WAIT_MS)
    .option(...configFile)
    .option(...asJson)
    .action(async (flags: DrainFlags, command: Command) => {
      const { config, json = false, to, takeBack = false, force = false, fingerprint = [], wait } = flags
      if ((to === undefined) === !takeBack)
        command.error('error: expected --to HOST:PORT or --take-back', { exitCode: 2 })
      const fingerprints = fingerprint.map((one) =>
        one
          .replace(/^sha256:/i, '')
          .replaceAll(':', '')
          .toLowerCase(),
      )
      const common = { config, json, fingerprints, by: operatorName() }
      const { queueDrain, queueTakeBack } = await import('./queue-drain.ts')
      if (to === undefined) finish(await queueTakeBack({ ...common, force }, io))
      else finish(await queueDrain({ ...common, to, patienceMs: wait }, io))
    })
  queue
    .command('adopt')
    .description("take over the data directory of a dead node, with its mail's history, exactly once")
    .argument('<directory>')
    .option('--name <name>', 'how the ledger shall call the dead node')
    .option(...configFile)
    .option(...asJson)
    .action(async (directory: string, { config, json = false, name = null }: Common & { name?: string | null }) => {
      const options = { config, json, directory, name, by: operatorName() }
      finish(await (await import('./queue-adopt.ts')).queueAdopt(options, io))
    })
}
