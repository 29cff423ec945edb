// A node's configuration and queue for tests of commands: the queue of samples, and a way to run a command on it as a function.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Io } from '../../src/cli/io.ts'
import type { OpenQueue } from '../../src/queue/contract/opened-queue.ts'
import { captureIo } from './captured-io.ts'
import { type TestQueue, testQueue } from './queue-samples.ts'

export interface QueueNode {
  /** The node's YAML. */
  readonly config: string
  readonly folder: string
  readonly place: TestQueue
  /** Opens the queue as the node does. */
  open(): Promise<OpenQueue>
}

/** A node's folder with a configuration that a command can load; `place.remove()` in the end. */
export function queueNode(): QueueNode {
  const place = testQueue()
  const folder = place.directory
  const config = join(folder, 'node.yaml')
  writeFileSync(join(folder, 'mail.yaml'), 'domains: [example.org]\n')
  const listener = 'listeners: { smtp: { port: 25, tls: none, admit: [internet] } }\n'
  writeFileSync(
    join(folder, 'role.yaml'),
    `role: test\nsummary: For tests\n${listener}checks: []\n` +
      'recipients: { own: resolve, forwards: resolve, relay: [] }\nsrs: { reverse: false, rewrite: false }\n' +
      'sign: never\ninternet: bounces\n',
  )
  writeFileSync(
    config,
    'role: ./role.yaml\nhostname: node.example.org\ndomain: example.org\ndata: data\nmail: [mail.yaml]\n',
  )
  const directory = join(folder, 'data', 'queue')
  mkdirSync(directory, { recursive: true })
  return { config, folder, place, open: () => place.open({ directory }) }
}

export interface CommandEnd {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command and gathers what it writes. */
export async function runCommand(command: (io: Io) => Promise<number> | number): Promise<CommandEnd> {
  const io = captureIo()
  const code = await command(io)
  return { code, out: io.out(), err: io.err() }
}
