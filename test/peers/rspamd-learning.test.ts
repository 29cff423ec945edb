// `waypost learn` against a real controller of rspamd, whose classifier keeps its words in a real Redis.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../lib/free-port.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { type RedisPeer, startRedis } from '../lib/peers/redis.ts'
import { controllerConfiguration, type RspamdPeer, startRspamd } from '../lib/peers/rspamd.ts'
import { runWaypost } from '../lib/run-waypost.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

function whole(subject: string, body: string): Buffer {
  const lines = [
    'From: Ann <ann@stranger.example>',
    'To: kim@example.org',
    `Subject: ${subject}`,
    'Message-ID: <1@s.example>',
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}\r\n`)
}

describe.runIf(ensurePeers(['rspamd', 'redis']))('the controller of rspamd', () => {
  const password = 'secret of the controller'
  let world: World
  let mx: WholeNode
  let redis: RedisPeer
  let peer: RspamdPeer
  let controller: string

  beforeAll(async () => {
    redis = await startRedis()
    const port = await freePort()
    controller = `http://127.0.0.1:${port}`
    peer = await startRspamd({ more: controllerConfiguration({ port, password, redisPort: redis.port }) })
    world = await startWorld()
    writeFileSync(join(world.folder, 'controller'), `${password}\n`, { mode: 0o600 })
    writeFileSync(join(world.folder, 'wrong'), 'guess\n', { mode: 0o600 })
    mx = await world.node({
      role: 'mx',
      // Nothing listens on port 9: the message stays in the queue.
      mail: { domains: ['example.org'], transports: { 'list@example.org': 'smtp:[127.0.0.1]:9' } },
      yaml: rspamdOf([controller]),
    })
  }, 60_000)
  afterAll(async () => {
    await world.close()
    await peer.close()
    await redis.close()
  })

  const rspamdOf = (urls: readonly string[], file = 'controller') => ({
    peers: { srs: ['127.0.0.1:9'] },
    rspamd: { urls: [peer.url], controller: { urls, password_file: join(world.folder, file) } },
  })
  const learn = (as: string, args: readonly string[], input: Buffer | string = '') =>
    runWaypost(['learn', as, '-c', mx.config, ...args], input)
  const file = (name: string, message: Buffer) => {
    const path = join(world.folder, name)
    writeFileSync(path, message)
    return path
  }
  const sentence = (topic: string) =>
    `Please read what we write about ${topic} today, because every new word of it counts for the ${topic} reader.`
  const symbolsOf = async (message: Buffer) => {
    const answer = await fetch(`${peer.url}/checkv2`, { method: 'POST', body: message })
    return Object.keys(((await answer.json()) as { symbols: object }).symbols)
  }

  it('learns files as spam and standard input as ham, and judges mail by it', async () => {
    const spam = ['pills', 'casino'].map((topic) => file(topic, whole(topic, sentence(topic))))
    expect(await learn('spam', spam)).toEqual({
      status: 0,
      stdout: spam.map((one) => `${one}: learned as spam\n`).join(''),
      stderr: '',
    })
    expect(await learn('ham', [], whole('Minutes', sentence('meeting')))).toMatchObject({ status: 0, stderr: '' })
    expect(await redis.ask('HMGET RS learns_spam learns_ham')).toMatch(/^\*2\r\n\$1\r\n2\r\n\$1\r\n1\r\n/)
    await until(async () => (await symbolsOf(whole('pills', sentence('pills')))).includes('BAYES_SPAM'), {
      what: 'BAYES_SPAM',
    })
  })

  it('knows a message in the queue as the one that arrived, and says so', async () => {
    const message = whole('Queued', sentence('garden'))
    expect(await mx.send({ to: ['list@example.org'], message })).toMatchObject({ kind: 'accepted' })
    const [queued] = mx.queue()
    const queueId = String(queued?.queueId)
    expect(await learn('spam', [file('arrived', message)])).toMatchObject({ status: 0 })
    expect(await learn('spam', ['--id', queueId])).toEqual({
      status: 0,
      stdout: `${queueId}: already learned as spam\n`,
      stderr: '',
    })
    // Another class is learned again.
    expect(await learn('ham', ['--id', queueId])).toMatchObject({ status: 0, stdout: `${queueId}: learned as ham\n` })
  })

  it('gives its reason for a message that is too short', async () => {
    expect(await learn('spam', [], whole('x', 'hi'))).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('less tokens than required'),
    })
  })

  it('refuses a wrong password', async () => {
    mx.configure(rspamdOf([controller], 'wrong'))
    expect(await learn('spam', [], whole('x', sentence('x')))).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^nothing was learned: .*refused the password/),
    })
  })

  it('is not the normal worker, and the next URL is asked if one is down', async () => {
    mx.configure(rspamdOf([peer.url]))
    expect(await learn('spam', [], whole('x', sentence('x')))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('name the controller of rspamd'),
    })
    mx.configure(rspamdOf(['http://127.0.0.1:9', controller]))
    expect(await learn('spam', [], whole('y', sentence('harbour')))).toMatchObject({ status: 0 })
  })

  it('reports a Redis that is down', async () => {
    mx.configure(rspamdOf([controller]))
    await redis.close()
    expect(await learn('spam', [], whole('z', sentence('winter')))).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/rspamd did not learn it: .*redis/),
    })
  })

  it('learns nothing without a classifier, which the command reports', async () => {
    const port = await freePort()
    const bare = await startRspamd({ more: controllerConfiguration({ port, password, redisPort: null }) })
    mx.configure(rspamdOf([`http://127.0.0.1:${port}`]))
    const learned = await learn('spam', [], whole('z', sentence('winter')))
    await bare.close()
    expect(learned).toMatchObject({ status: 1, stderr: expect.stringContaining('has no classifier') })
  })
})
