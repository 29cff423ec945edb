// waypost queue drain and adopt on one queue at the same time, and without a queue. Transfers between nodes are tested in
// test/scenarios/queue-transfer.test.ts.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type QueueNode, queueNode, runCommand } from '../../../test/lib/queue-command.ts'
import { sampleMessage } from '../../../test/lib/queue-samples.ts'
import { DATABASE_FILE } from '../../queue/sqlite/database/database.ts'
import { lockTransfers } from '../../queue/sqlite/database/process-locks.ts'
import { queueAdopt } from './queue-adopt.ts'
import { queueAbort } from './queue-drain.ts'

let node: QueueNode
let other: QueueNode
beforeEach(() => {
  node = queueNode()
  other = queueNode()
})
afterEach(async () => {
  await node.place.remove()
  await other.place.remove()
})

const queueOf = ({ folder }: QueueNode) => join(folder, 'data', 'queue')
const common = { by: 'ann', json: false }
const abort = () =>
  runCommand((io) => queueAbort({ config: node.config, ...common, fingerprints: [], force: true }, io))
const adopt = () =>
  runCommand((io) => queueAdopt({ config: other.config, ...common, directory: queueOf(node), name: null }, io))

it('only one command at a time may transfer a queue', async () => {
  await (await node.open()).accept(sampleMessage(), { claim: false })
  const first = lockTransfers(queueOf(node))
  const refused = { code: 1, out: '', err: expect.stringContaining('another drain or adopt works on') }
  expect(await abort()).toEqual(refused)
  expect(await adopt()).toEqual(refused)
  first.close()
  expect(await abort()).toMatchObject({ code: 0 })
})

it('creates no queue', async () => {
  expect(await abort()).toMatchObject({ code: 1, err: expect.stringContaining('no queue in') })
  expect(existsSync(join(queueOf(node), DATABASE_FILE))).toBe(false)
})
