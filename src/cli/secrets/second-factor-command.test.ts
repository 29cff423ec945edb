import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { openSecondFactors } from '../../auth/second-factors.ts'
import { commandClock, systemClock } from '../../lib/clock.ts'
import type { Event } from '../../observe/events.ts'
import { queueSettings } from '../../queue/contract/queue-settings.ts'
import { openQueue } from '../../queue/sqlite/open-queue.ts'
import { listSecondFactors, removeSecondFactor } from './second-factor-command.ts'

let folder: string
let config: string
let file: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-factors-'))
  config = join(folder, 'node.yaml')
  file = join(folder, 'data', 'second-factors')
  mkdirSync(join(folder, 'data'))
  writeFileSync(config, 'role: submission\ndomain: example.org\ndata: data\n')
  // RFC 6238 appendix B.
  const clock = { ...commandClock, now: () => 1_234_567_890_000 }
  await openSecondFactors(file, clock).turnOn('lee', Buffer.from('12345678901234567890'), '005924')
})
afterEach(() => rmSync(folder, { recursive: true }))

async function run(work: (io: ReturnType<typeof captureIo>) => Promise<number> | number) {
  const io = captureIo()
  return { code: await work(io), out: io.out(), err: io.err() }
}

it('lists and removes second factors, with the domain or without', async () => {
  const list = (json: boolean) => run((io) => listSecondFactors({ config, json }, io))
  const remove = (user: string, json = false) => run((io) => removeSecondFactor({ config, user, json, by: 'root' }, io))
  expect(await list(false)).toMatchObject({
    code: 0,
    out: 'lee  since 2009-02-13T23:31:30.000Z, 8 recovery codes left\n',
  })
  expect(JSON.parse((await list(true)).out)).toMatchObject([{ user: 'lee', recoveryCodes: 8 }])
  expect(await remove('kim')).toMatchObject({ code: 1, err: 'kim has no second factor\n' })
  expect(await remove('Lee@example.org')).toMatchObject({ code: 0, out: 'lee: second factor removed\n' })
  expect(await list(false)).toMatchObject({ code: 0, out: 'no second factors\n' })
})

it('refuses a damaged file', async () => {
  writeFileSync(file, 'damaged\n')
  expect(await run((io) => removeSecondFactor({ config, user: 'lee', json: true, by: 'root' }, io))).toMatchObject({
    code: 2,
    err: expect.stringContaining('second-factors:1: found no second factor'),
  })
})

it('leaves an event in the ledger, or says why not', async () => {
  const remove = () => run((io) => removeSecondFactor({ config, user: 'lee', json: false, by: 'kim' }, io))
  const set = readFileSync(file)
  expect(await remove()).toMatchObject({
    code: 0,
    err: expect.stringMatching(/^the ledger does not have this change: .* \(warning\)\n$/),
  })
  writeFileSync(file, set)
  const queue = await openQueue(queueSettings(join(folder, 'data', 'queue')), { clock: systemClock, randomBytes })
  expect(await remove()).toMatchObject({ code: 0, err: '' })
  const events: Event[] = []
  for await (const some of queue.reader.ledger({})) events.push(...some)
  await queue.close()
  expect(events).toMatchObject([
    { kind: 'account-changed', account: 'user:lee', change: 'second-factor-off', by: 'kim' },
  ])
})
