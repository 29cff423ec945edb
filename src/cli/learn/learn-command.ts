// waypost learn spam, waypost learn ham: sends messages to the controller of rspamd. Exit code 1 if one was not learned.

import { Readable } from 'node:stream'
import type { Config } from '../../config/config.ts'
import {
  createController,
  type LearnClass,
  type LearnResult,
  type RspamdController,
} from '../../filter/rspamd-learn.ts'
import { commandClock } from '../../lib/clock.ts'
import { openQueueReader } from '../../queue/sqlite/direct-access.ts'
import { controllerSettings } from '../../wiring/spam-scanner.ts'
import { FAILED, type Io, json, line, OK, USAGE } from '../io.ts'
import { withQueueDirectory } from '../queue/with-queue.ts'
import { type Input, openInputs } from './open-inputs.ts'
import { queuedInput } from './queued-input.ts'

interface LearnOptions {
  readonly as: LearnClass
  readonly config: string
  readonly files: readonly string[]
  readonly queueIds: readonly string[]
  readonly json: boolean
}

/** The JSON of one message. */
interface Learned {
  readonly message: string
  readonly result: LearnResult['kind'] | 'unreadable' | 'not-in-queue'
  readonly cause: string | null
  readonly held: boolean
}

/** Every file is open before the command gives up root: the usual limit of open files is 1024. */
const MAX_FILES = 500

export async function learnCommand(options: LearnOptions, io: Io): Promise<number> {
  const { files, queueIds, config } = options
  if (files.length > MAX_FILES) {
    line(io.stderr, `found ${files.length} files, expected at most ${MAX_FILES}; use xargs -n ${MAX_FILES}`)
    return USAGE
  }
  // Before the command gives up root: the files may be in a folder of root.
  const inputs = openInputs(files.length + queueIds.length === 0 ? ['-'] : files, io.stdin)
  return withQueueDirectory(config, io, (directory, found) =>
    learnAll(options, io, { directory, config: found, inputs }),
  )
}

interface Node {
  readonly directory: string
  readonly config: Config
  readonly inputs: readonly Input[]
}

async function learnAll(options: LearnOptions, io: Io, node: Node): Promise<number> {
  const settings = controllerSettings(node.config)
  if (settings === null) {
    line(io.stderr, `${options.config}: found no rspamd.controller, expected its urls: the controller of rspamd learns`)
    return USAGE
  }
  const controller = createController(settings, commandClock)
  const problem = await controller.check()
  if (problem !== null) {
    line(io.stderr, `nothing was learned: ${problem.cause}`)
    return FAILED
  }
  const all: Learned[] = []
  for await (const one of results(options, controller, node)) {
    all.push(one)
    if (!options.json) line(isLearned(one) ? io.stdout : io.stderr, described(one, options.as))
  }
  if (options.json) json(io.stdout, all)
  return all.every(isLearned) ? OK : FAILED
}

async function* results(options: LearnOptions, controller: RspamdController, node: Node): AsyncGenerator<Learned> {
  for (const input of node.inputs) yield learnOne(options.as, controller, input, false)
  if (options.queueIds.length === 0) return
  const reader = openQueueReader(node.directory, commandClock)
  try {
    for (const queueId of options.queueIds) {
      const input = await queuedInput(reader, queueId, node.config.authserv_id)
      if (input) yield await learnOne(options.as, controller, input, input.isHeld)
      else yield { message: queueId, result: 'not-in-queue', cause: `see \`waypost trace ${queueId}\``, held: false }
    }
  } finally {
    reader.close()
  }
}

async function learnOne(as: LearnClass, controller: RspamdController, input: Input, held: boolean): Promise<Learned> {
  const { name: message } = input
  const octets = await input.read()
  if (!Buffer.isBuffer(octets)) return { message, result: octets.kind, cause: octets.cause, held }
  const result = await controller.learn(as, { size: octets.length, open: () => Readable.from([octets]) })
  return { message, result: result.kind, cause: 'cause' in result ? result.cause : null, held }
}

function isLearned({ result }: Learned): boolean {
  return result === 'learned' || result === 'already-learned'
}

function described(one: Learned, as: LearnClass): string {
  const { message, result, cause, held } = one
  if (result === 'not-in-queue') return `${message}: not in the queue; ${cause}`
  if (!isLearned(one)) return `${message}: ${cause}`
  const hint = held && as === 'ham' ? `; it is held: deliver it with \`waypost queue release ${message}\`` : ''
  return `${message}: ${result === 'learned' ? 'learned' : 'already learned'} as ${as}${hint}`
}
