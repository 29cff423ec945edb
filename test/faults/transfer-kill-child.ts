// A process that transfers one queue to another on this machine until it is killed or nothing is left. It prints when it starts and ends.

import { writeSync } from 'node:fs'
import { transferWholeQueue } from '../../src/queue/transfer/transfer-whole-queue.ts'
import { createLocalReceiver } from '../../src/queue/transfer/local-receiver.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { TransferTarget } from '../../src/queue/transfer/transfer-target.ts'
import { TransferSource } from '../../src/queue/transfer/transfer-source.ts'
import { DirectStore } from '../../src/queue/sqlite/direct-store.ts'

const [here = '', there = ''] = process.argv.slice(2)
const ports = { now: () => Date.now(), random: systemRandom }
const from = new TransferSource(DirectStore.owned(here, Date.now()), ports)
const to = new TransferTarget(DirectStore.owned(there, Date.now()), ports)
writeSync(1, 'begun\n')
const settings = { node: 'here', by: 'test', address: there, patienceMs: 0 }
const report = await transferWholeQueue({ from, to: createLocalReceiver(to, 'there'), clock: systemClock }, settings)
writeSync(1, `done ${report.moved} ${report.unanswered} ${report.error ?? ''}\n`)
