// Commands about the queue work with a configuration that the node would reject, and without any.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { type QueueNode, queueNode } from '../../../test/lib/queue-command.ts'
import { sampleMessage } from '../../../test/lib/queue-samples.ts'
import { systemClock } from '../../lib/clock.ts'
import { newQueueId } from '../../lib/ids.ts'
import { systemRandom } from '../../lib/random.ts'
import { createProgram } from '../program.ts'

let node: QueueNode
let queueId: string
beforeAll(async () => {
  node = queueNode()
  const queue = await node.open()
  queueId = newQueueId(systemClock, systemRandom)
  await queue.accept(sampleMessage({ queueId }), { claim: false })
  await queue.close()
  writeFileSync(node.config, 'role: [\ndata: data\nrole: unknown\n')
})
afterAll(() => node.place.remove())

async function run(...args: string[]) {
  const io = captureIo()
  const end = { code: -1 }
  const exit = (code: number): never => {
    throw new Error(`exit ${code}`)
  }
  await createProgram({ io, finish: (code) => void (end.code = code), exit }).parseAsync(args, { from: 'user' })
  return { ...end, out: io.out(), err: io.err() }
}

const commands = (): string[][] => [
  ['queue', 'list'],
  ['queue', 'show', queueId],
  ['queue', 'stats'],
  ['queue', 'hold', queueId, '--dry-run'],
  ['queue', 'hold', queueId],
  ['queue', 'release', queueId],
  ['queue', 'retry', '--all'],
  ['queue', 'suspend', 'mx:example.net', '--dry-run'],
  ['queue', 'suspend', 'mx:example.net'],
  ['queue', 'resume', 'mx:example.net'],
  ['trace', queueId],
]

describe('a command about the queue', () => {
  it('needs only the data directory of the command line', async () => {
    for (const command of commands())
      expect(await run(...command, '--data', join(node.folder, 'data'))).toMatchObject({ code: 0, err: '' })
  })

  it('needs only `data` of a YAML with other errors', async () => {
    writeFileSync(node.config, 'data: data\nrole: unknown\nrole: [\n')
    for (const command of commands())
      expect(await run(...command, '-c', node.config)).toMatchObject({ code: 0, err: '' })
  })

  it('says how to name the directory if it finds none', async () => {
    writeFileSync(node.config, 'role: mx\n')
    expect(await run('queue', 'list', '-c', node.config)).toEqual({
      code: 2,
      out: '',
      err:
        `${node.config}:1:1: data: found nothing, expected the data directory\n` +
        'the command needs only the data directory: name it with --data DIRECTORY\n',
    })
  })
})
