import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { type SmtpPeer, startSmtpPeer } from '../../test/lib/smtp-peer.ts'
import { createBudgets } from '../budget/budgets.ts'
import { systemRandom } from '../lib/random.ts'
import { prepareDirectory } from '../sendmail/drop-directory.ts'
import { formatDrop } from '../sendmail/drop-file.ts'
import type { Dropped } from '../sendmail/drop-file.ts'
import { writeDrop } from '../sendmail/write-drop.ts'
import { createDropRun } from './drop-run.ts'

let folder: string
let directory: string
let listener: SmtpPeer
let lines: string[]
let run: () => ReturnType<ReturnType<typeof createDropRun>>
const clock = createFakeClock()

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-drop-run-'))
  directory = join(folder, 'drop')
  prepareDirectory(directory)
  listener = await startSmtpPeer({ extensions: ['8BITMIME'] })
  lines = []
  const write = (fields: object, text: string) => void lines.push(`${text} ${JSON.stringify(fields)}`)
  const settings = {
    directory,
    hostname: 'web-01.example.org',
    postmaster: 'postmaster@example.org',
    messageSize: 1000,
    place: { kind: 'tcp', host: '127.0.0.1', port: listener.port },
  } as const
  const rate = createBudgets(clock).rate('droppedMessages', { capacity: 5 })
  const log = { info: write, warn: write, error: write }
  const start = createDropRun(settings, { clock, random: systemRandom, log, rate })
  run = () => start(new AbortController().signal)
})
afterEach(async () => {
  await listener.close()
  rmSync(folder, { recursive: true, force: true })
})

const drop = (change: Partial<Dropped['envelope']> = {}) => {
  const envelope = { sender: undefined, recipients: ['kim@a.example'], notify: [], ret: null, envid: null, ...change }
  const content = formatDrop({ envelope, message: Buffer.from('Subject: x\r\n\r\nHello\r\n') })
  expect(writeDrop(directory, content, systemRandom).kind).toBe('written')
}
const files = () => [readdirSync(directory).length, readdirSync(folder).includes('refused')]

it('sends what users left, under the name of the owner of the file', async () => {
  drop()
  expect(await run()).toMatchObject({ found: 1, left: 0, oldest: null })
  expect(files()).toEqual([0, false])
  const [message] = listener.messages
  expect(message?.mail).toBe(`MAIL FROM:<${userInfo().username}>`)
  expect(message?.data.toString()).toMatch(
    new RegExp(`^Received: by web-01\\.example\\.org \\(Waypost sendmail, from userid ${process.getuid?.()}\\);\r\n\t`),
  )
})

it('a message that the node does not take now stays, and only its waiting recipients are tried again', async () => {
  drop({ sender: 'root', recipients: ['ok@a.example', 'tempfail-rcpt@a.example'] })
  expect(await run()).toMatchObject({ found: 1, left: 1, oldest: expect.any(Number) })
  listener.change({ extensions: [] })
  expect(await run()).toMatchObject({ left: 1 })
  expect(listener.messages.map(({ rcpts }) => rcpts)).toEqual([['RCPT TO:<ok@a.example>']])
})

it('a refused recipient is reported to the sender, and the others get the message', async () => {
  drop({ sender: 'root', recipients: ['permfail-rcpt@a.example', 'ok@a.example'] })
  expect(await run()).toMatchObject({ left: 0 })
  expect(listener.messages.map(({ mail, rcpts }) => [mail, ...rcpts])).toEqual([
    ['MAIL FROM:<root>', 'RCPT TO:<ok@a.example>'],
    ['MAIL FROM:<>', 'RCPT TO:<root>'],
  ])
  const report = listener.messages[1]?.data.toString() ?? ''
  expect(report).toMatch(/^Final-Recipient: rfc822; permfail-rcpt@a\.example\r$/m)
  expect(report).toMatch(/^Status: 5\.\d\.\d\r$/m)
  expect(report).toMatch(/^Subject: x\r$/m)
})

it('a report that cannot be sent now is sent later, once', async () => {
  drop({ sender: 'root', recipients: ['permfail-rcpt@a.example'] })
  listener.change({ extensions: [], moods: { mail: 'tempfail' }, moodsInSession: 2 })
  expect(await run()).toMatchObject({ left: 1 })
  listener.change({ extensions: [] })
  expect(await run()).toMatchObject({ left: 0 })
  expect(listener.messages.map(({ mail }) => mail)).toEqual(['MAIL FROM:<>'])
})

it('a refused message without a sender is kept for the operator', async () => {
  drop({ sender: null, recipients: ['permfail-rcpt@a.example'] })
  await run()
  expect(files()).toEqual([0, true])
  expect(lines.join('\n')).toContain('its message was not sent')
})

it('what sendmail did not write is set aside', async () => {
  symlinkSync('/etc/passwd', join(directory, 'mail-1'))
  writeFileSync(join(directory, 'mail-2'), 'damaged')
  writeFileSync(join(directory, 'mail-3'), Buffer.alloc(2_000_000))
  drop()
  expect(await run()).toMatchObject({ found: 4, left: 0 })
  expect(readdirSync(join(folder, 'refused')).toSorted()).toEqual(['mail-1', 'mail-2', 'mail-3'])
  expect(listener.messages).toHaveLength(1)
})

it('a user above the limit waits', async () => {
  for (let count = 0; count < 8; count++) drop()
  expect(await run()).toMatchObject({ found: 8, left: 3 })
  expect(listener.messages).toHaveLength(5)
})
