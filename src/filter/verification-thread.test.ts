// The life of a verification thread: it runs while messages come.

import { afterEach, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver } from '../../test/lib/fake-resolver.ts'
import { contentOf } from '../../test/lib/message.ts'
import { until } from '../../test/lib/until.ts'
import { createVerificationThread, type VerificationThread } from './verification-thread.ts'

const limits = { stuckMs: 30_000, idleMs: 300_000 }
const request = {
  remoteIp: '192.0.2.1',
  helo: 'mail.example.org',
  sender: 'ann@example.org',
  content: contentOf({ header: Buffer.from('From: ann@example.org\r\n\r\n'), body: Buffer.from('Hello\r\n') }),
  authservId: 'mx.example',
  now: 0,
}

let thread: VerificationThread
afterEach(() => thread.close())

function open() {
  const clock = createFakeClock()
  const log = { error: (fields: unknown) => expect.fail(JSON.stringify(fields)) }
  thread = createVerificationThread({ resolver: fakeResolver({}), clock, log }, limits)
  return clock
}

const ready = () => until(() => thread.isReady, { what: 'the thread to be ready' })

it('does not run before a message may come, and ends if none comes', async () => {
  const clock = open()
  expect(thread.isReady).toBe(false)
  expect(clock.sleeping).toBe(0)
  thread.prepare()
  await ready()
  await clock.advance(limits.idleMs - 1)
  expect(thread.isReady).toBe(true)
  await clock.advance(1)
  expect(thread.isReady).toBe(false)
})

it('stays while messages may come', async () => {
  const clock = open()
  thread.prepare()
  await ready()
  await clock.advance(limits.idleMs - 1)
  thread.prepare()
  await clock.advance(limits.idleMs - 1)
  expect(thread.isReady).toBe(true)
  expect((await thread.verify(request))?.shortage).toBeUndefined()
  await clock.advance(limits.idleMs - 1)
  expect(thread.isReady).toBe(true)
})

it('starts for a message that nothing announced', async () => {
  open()
  expect((await thread.verify(request))?.shortage).toBeUndefined()
  expect(thread.isReady).toBe(true)
})
