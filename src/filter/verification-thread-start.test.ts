// A system that starts no more threads, as at its limit of processes.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { createBudgets } from '../budget/budgets.ts'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { fakeResolver } from '../../test/lib/fake-resolver.ts'
import { contentOf } from '../../test/lib/message.ts'
import { refuseThreads } from '../../test/lib/no-threads.ts'
import { createThreadedAuthenticator } from './threaded-authenticator.ts'
import { createVerificationThread } from './verification-thread.ts'

let allowThreads: () => void
beforeEach(() => {
  allowThreads = refuseThreads()
})
afterEach(() => allowThreads())

const limits = { stuckMs: 30_000, idleMs: 300_000 }
const request = {
  remoteIp: '192.0.2.1',
  helo: 'mail.example.org',
  sender: 'ann@example.org',
  content: contentOf({ header: Buffer.from('From: ann@example.org\r\n\r\n'), body: Buffer.from('Hello\r\n') }),
  authservId: 'mx.example',
  now: 0,
}

it('a verification without a thread is lost, leaves nothing behind, and is logged', async () => {
  const clock = createFakeClock()
  const causes: unknown[] = []
  const log = { error: (fields: { readonly cause?: unknown }) => void causes.push(fields.cause) }
  const thread = createVerificationThread({ resolver: fakeResolver({}), clock, log }, limits)
  thread.prepare()
  expect(causes).toEqual([expect.stringContaining('EAGAIN')])
  causes.length = 0
  expect(await thread.verify(request)).toBeNull()
  expect(causes).toEqual([expect.stringContaining('EAGAIN')])
  await thread.close()
  expect(clock.sleeping).toBe(0)
})

it.each([
  [1, undefined, 0],
  [2, 'the verification was interrupted', 1],
])('with %d processors a usual message is verified without a thread: %s', async (processors, shortage, errors) => {
  const clock = createFakeClock()
  const causes: unknown[] = []
  const log = { error: (fields: unknown) => void causes.push(fields) }
  const ports = { resolver: fakeResolver({}), clock, log, budgets: createBudgets(clock), processors }
  const authenticator = createThreadedAuthenticator(ports)
  expect((await authenticator.authenticate(request)).shortage).toBe(shortage)
  expect(causes).toHaveLength(errors)
  await authenticator.close()
})
