// Loader and sink of the benchmark: every message arrives, with and without TLS, at the requested rate.

import { afterEach, expect, it } from 'vitest'
import { createAuthority } from '../../src/demo/ca.ts'
import type { SmtpSink } from '../lib/peers/smtp-sink.ts'
import { loadMessage } from './load-session.ts'
import { runLoad } from './run-load.ts'
import { startTlsSink } from './tls-sink.ts'

const PATIENCE = 20_000
let sink: SmtpSink | undefined
afterEach(() => sink?.stop())

const identity = () => createAuthority('bench').issue({ names: ['sink'], ips: ['127.0.0.1'] })

it.each([false, true])('sends every message to the sink (STARTTLS: %s)', { timeout: PATIENCE }, async (starttls) => {
  sink = await startTlsSink(identity())
  const order = { port: sink.port, sessions: 5, messages: 100, length: 4096, starttls, rate: null }
  const { p50, p99, max } = await runLoad(order, PATIENCE)
  await sink.has(100, PATIENCE)
  expect(sink.messages()).toBe(100)
  expect(p50).toBeGreaterThan(0)
  expect(p99).toBeGreaterThanOrEqual(p50)
  expect(max).toBeGreaterThanOrEqual(p99)
})

it('keeps to a rate', { timeout: PATIENCE }, async () => {
  sink = await startTlsSink(identity())
  const order = { port: sink.port, sessions: 5, messages: 40, length: 100, starttls: false, rate: 100 }
  expect((await runLoad(order, PATIENCE)).seconds).toBeGreaterThan(0.35)
})

it('reports an error if the connection is refused', { timeout: PATIENCE }, async () => {
  const order = { port: 1, sessions: 1, messages: 1, length: 100, starttls: false, rate: null }
  await expect(runLoad(order, PATIENCE)).rejects.toThrow('ECONNREFUSED')
})

it('writes messages of at least the requested length, with the final dot', () => {
  const text = loadMessage(4096).toString()
  expect(text.split('\r\n\r\n', 2)[1]?.length).toBeGreaterThanOrEqual(4096)
  expect(text.endsWith('\r\n.\r\n')).toBe(true)
})
