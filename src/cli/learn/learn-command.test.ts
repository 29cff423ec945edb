// waypost learn: files, standard input and the queue, with the results and exit codes that the operator sees.

import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import {
  answer,
  type FakeController,
  startFakeController,
  withoutClassifier,
} from '../../../test/lib/fake-controller.ts'
import { type QueueNode, queueNode } from '../../../test/lib/queue-command.ts'
import { sampleMessage } from '../../../test/lib/queue-samples.ts'
import { learnCommand } from './learn-command.ts'
import { MAX_OCTETS } from './open-inputs.ts'

let node: QueueNode
let server: FakeController
beforeEach(async () => {
  node = queueNode()
  server = await startFakeController()
  // The role of the samples has no check; a spam filter needs one.
  const role = join(node.folder, 'role.yaml')
  writeFileSync(role, roleWithSpamCheck)
  writeFileSync(join(node.folder, 'controller'), 'secret\n', { mode: 0o600 })
  appendFileSync(
    node.config,
    `rspamd: { urls: ["http://127.0.0.1:9"], controller: { urls: ["${server.url}"], password_file: controller } }\n`,
  )
})
afterEach(async () => {
  await server.close()
  await node.place.remove()
})

const roleWithSpamCheck =
  'role: test\nsummary: For tests\nlisteners: { smtp: { port: 25, tls: none, admit: [internet] } }\nchecks: [spam]\n' +
  'recipients: { own: resolve, forwards: resolve, relay: [] }\nsrs: { reverse: false, rewrite: false }\n' +
  'sign: never\ninternet: bounces\n'

interface Call {
  readonly as?: 'spam' | 'ham'
  readonly files?: readonly string[]
  readonly queueIds?: readonly string[]
  readonly json?: boolean
  readonly stdin?: Buffer
}

async function learn({ as = 'spam', files = [], queueIds = [], json = false, stdin }: Call) {
  const io = captureIo(stdin)
  const code = await learnCommand({ as, config: node.config, files, queueIds, json }, io)
  return { code, out: io.out(), err: io.err() }
}

function file(name: string, text: string | Buffer): string {
  const path = join(node.folder, name)
  writeFileSync(path, text)
  return path
}

const raw = Buffer.from('Subject: a\n\nline\xff\n', 'latin1')

it('learns files octet for octet, one line for each', async () => {
  const files = [file('a', raw), file('b', 'Subject: b\r\n\r\n')]
  expect(await learn({ files })).toEqual({
    code: 0,
    out: `${files[0]}: learned as spam\n${files[1]}: learned as spam\n`,
    err: '',
  })
  expect(server.learned().map(({ body }) => body)).toEqual([raw, Buffer.from('Subject: b\r\n\r\n')])
  expect(server.asked.every(({ header }) => /^Password: secret$/m.test(header))).toBe(true)
})

it.each([[[]], [['-']]])('learns standard input (files: %j)', async (files) => {
  expect(await learn({ as: 'ham', files, stdin: raw })).toMatchObject({
    code: 0,
    out: 'standard input: learned as ham\n',
  })
  expect(server.learned()).toMatchObject([{ command: 'POST /learnham', body: raw }])
})

it('says that rspamd knows a message, which is no failure', async () => {
  server.answer = answer(208, '<1@b> has been already learned as spam, ignore it')
  expect(await learn({ stdin: raw })).toEqual({ code: 0, out: 'standard input: already learned as spam\n', err: '' })
})

it('continues after a file that it cannot read, and exits with 1', async () => {
  const files = [join(node.folder, 'absent'), node.folder, file('empty', ''), file('a', raw)]
  const { code, out, err } = await learn({ files })
  expect(code).toBe(1)
  expect(out).toBe(`${files[3]}: learned as spam\n`)
  expect(err.split('\n')).toEqual([
    expect.stringMatching(/absent: cannot be read \(ENOENT/),
    expect.stringMatching(/: cannot be read \(EISDIR/),
    `${files[2]}: it is empty, expected a message`,
    '',
  ])
})

it('refuses a message that is larger than rspamd takes', async () => {
  const { code, err } = await learn({ stdin: Buffer.alloc(MAX_OCTETS + 1, 'x') })
  expect([code, err]).toEqual([1, expect.stringMatching(/more than 52428800 octets/)])
  expect(server.learned()).toEqual([])
})

it('refuses more files than it may have open', async () => {
  expect(await learn({ files: Array.from({ length: 501 }, () => 'a') })).toMatchObject({ code: 2, out: '' })
})

describe('the controller', () => {
  it('without a classifier gets no message', async () => {
    server.stat = withoutClassifier
    const { code, err } = await learn({ stdin: raw })
    expect([code, err]).toEqual([1, expect.stringMatching(/^nothing was learned: .*no classifier/)])
    expect(server.learned()).toEqual([])
  })

  it('that refuses one message is named, with the reason', async () => {
    server.answer = answer(204, '<1@b> contains less tokens than required for bayes classifier: 3 < 11')
    const { code, out, err } = await learn({ stdin: raw })
    expect([code, out, err]).toEqual([1, '', expect.stringMatching(/^standard input: .*less tokens than required/)])
  })

  it('must be configured', async () => {
    writeFileSync(
      node.config,
      'role: ./role.yaml\nhostname: node.example.org\ndomain: example.org\ndata: data\nmail: [mail.yaml]\n',
    )
    expect(await learn({ stdin: raw })).toMatchObject({ code: 2, err: expect.stringMatching(/rspamd\.controller/) })
  })
})

describe('a message in the queue', () => {
  const header = Buffer.from(
    'Received: from a.example (a.example [192.0.2.1]) by node.example.org (Waypost) with ESMTP id Q1; Sun\r\n' +
      'Authentication-Results: example.org; spf=pass\r\nX-Spam-Status: Yes, score=9\r\nX-Spam-Flag: YES\r\nSubject: a\r\n\r\n',
  )
  const asReceived = Buffer.from('Subject: a\r\n\r\nHello\r\n')

  async function queued(change: Parameters<typeof sampleMessage>[0], isRunning: boolean): Promise<void> {
    const queue = await node.open()
    await queue.acceptAll([sampleMessage({ queueId: 'Q1', header, ...change })], { claim: false })
    if (!isRunning) await queue.close()
  }
  const held = () => ({ held: { by: 'node', reason: 'quarantine', until: node.place.clock.time + 86_400_000 } })

  it.each([true, false])('is sent as it was received (node running: %s)', async (isRunning) => {
    await queued({}, isRunning)
    expect(await learn({ queueIds: ['Q1'] })).toEqual({ code: 0, out: 'Q1: learned as spam\n', err: '' })
    expect(server.learned().map(({ body }) => body)).toEqual([asReceived])
  })

  it('that is held and no spam should be released', async () => {
    await queued(held(), true)
    expect(await learn({ as: 'ham', queueIds: ['Q1'] })).toEqual({
      code: 0,
      out: 'Q1: learned as ham; it is held: deliver it with `waypost queue release Q1`\n',
      err: '',
    })
    expect((await learn({ as: 'spam', queueIds: ['Q1'] })).out).toBe('Q1: learned as spam\n')
  })

  it('can be together with files, and be absent', async () => {
    await queued({}, true)
    const { code, out, err } = await learn({ files: [file('a', raw)], queueIds: ['Q9', 'Q1'] })
    expect([code, err]).toEqual([1, 'Q9: not in the queue; see `waypost trace Q9`\n'])
    expect(out).toMatch(/a: learned as spam\nQ1: learned as spam\n$/)
  })

  it('is described in JSON', async () => {
    await queued(held(), true)
    const { code, out } = await learn({ as: 'ham', queueIds: ['Q1', 'Q9'], json: true })
    expect(code).toBe(1)
    expect(JSON.parse(out)).toEqual([
      { message: 'Q1', result: 'learned', cause: null, held: true },
      { message: 'Q9', result: 'not-in-queue', cause: 'see `waypost trace Q9`', held: false },
    ])
  })
})
