// What each answer of rspamd's controller means for the operator.

import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  answer,
  type FakeController,
  startFakeController,
  unauthorized,
  withoutClassifier,
} from '../../test/lib/fake-controller.ts'
import { systemClock } from '../lib/clock.ts'
import { createController, type LearnClass } from './rspamd-learn.ts'

let server: FakeController
beforeEach(async () => {
  server = await startFakeController()
})
afterEach(() => server.close())

const octets = Buffer.from('Subject: a\n\n\xff\x00 raw\n', 'latin1')
const message = { size: octets.length, open: () => Readable.from([octets]) }
/** Nothing listens on port 9 of loopback. */
const dead = 'http://127.0.0.1:9'

const controller = (urls = [server.url], password: string | null = 'secret') =>
  createController({ urls, password, timeoutMs: 5_000 }, systemClock)
const learn = (as: LearnClass = 'spam', ...settings: Parameters<typeof controller>) =>
  controller(...settings).learn(as, message)

it.each(['spam', 'ham'] as const)('sends the octets as they are to /learn%s, with the password', async (as) => {
  expect(await learn(as)).toEqual({ kind: 'learned' })
  expect(server.asked).toMatchObject([{ command: `POST /learn${as}`, body: octets }])
  expect(server.asked[0]?.header).toMatch(/^Password: secret$/m)
})

it('sends no password without one', async () => {
  expect(await learn('spam', [server.url], null)).toEqual({ kind: 'learned' })
  expect(server.asked[0]?.header).not.toMatch(/password/i)
})

describe('an answer', () => {
  it('208 means that rspamd knows the message', async () => {
    server.answer = answer(208, '<0@b.example> has been already learned as spam, ignore it')
    expect(await learn()).toEqual({ kind: 'already-learned' })
  })

  it.each([
    [401, 'Unauthorized'],
    [403, 'Forbidden'],
  ])('%i means a wrong or missing password', async (status, reason) => {
    server.answer = answer(status, reason)
    const refused = { kind: 'password-refused', cause: expect.stringContaining(`HTTP status ${status}`) }
    expect(await learn()).toEqual(refused)
    expect(await learn('spam', [server.url], null)).toMatchObject({
      cause: expect.stringContaining('requires a password'),
    })
  })

  it.each([
    // The body after a 204 is an error for Node's parser.
    [204, '<undef> contains less tokens than required for bayes classifier: 3 < 11'],
    // An internal error of rspamd as status, which Node's parser refuses.
    [1, 'cannot get learned: error getting reply from redis server 127.0.0.1:6379: Connection refused'],
    [404, 'no statistics backend'],
  ])('%i gives the reason of rspamd', async (status, reason) => {
    server.answer = answer(status, reason)
    expect(await learn()).toEqual({
      kind: 'not-learned',
      cause: `${server.url}: rspamd did not learn it: ${reason}`,
    })
  })

  it('413 names the limit', async () => {
    server.answer = answer(413, 'Request Entity Too Large')
    expect(await learn()).toMatchObject({ kind: 'too-large', cause: expect.stringContaining('max_message') })
  })

  it('of a normal worker names the controller', async () => {
    server.answer = answer(500, 'invalid command')
    expect(await learn()).toMatchObject({ kind: 'not-learned', cause: expect.stringContaining('name the controller') })
  })

  it('200 without success is not learned', async () => {
    server.answer = answer(200, 'OK', {})
    expect(await learn()).toMatchObject({ kind: 'not-learned' })
  })

  it('that is no HTTP is no answer', async () => {
    server.answer = 'SSH-2.0-x\r\n'
    expect(await learn()).toMatchObject({ kind: 'unavailable' })
  })
})

describe('several controllers', () => {
  it('are tried in turn', async () => {
    expect(await learn('ham', [dead, server.url])).toEqual({ kind: 'learned' })
  })

  it('that are all down give the cause of each', async () => {
    const cause = expect.stringMatching(/^http:\/\/127\.0\.0\.1:9: .*ECONNREFUSED.*; unix:\/nowhere: .*ENOENT/)
    expect(await learn('spam', [dead, 'unix:/nowhere'])).toEqual({ kind: 'unavailable', cause })
    expect(await controller([dead, 'unix:/nowhere']).check()).toEqual({ kind: 'unavailable', cause })
  })
})

describe('the check before', () => {
  it('passes with a classifier, or if /stat is not known', async () => {
    expect(await controller().check()).toBeNull()
    server.stat = answer(404, 'Not found')
    expect(await controller().check()).toBeNull()
  })

  it('finds that rspamd has no classifier, which /learnspam would not report', async () => {
    server.stat = withoutClassifier
    expect(await controller().check()).toMatchObject({
      kind: 'no-classifier',
      cause: expect.stringContaining('no classifier'),
    })
  })

  it('finds a wrong password', async () => {
    server.stat = unauthorized
    expect(await controller().check()).toMatchObject({ kind: 'password-refused' })
  })
})
