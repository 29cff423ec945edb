// waypost reload waits for the answer of the running node and prints it, and says why there is none.

import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { type QueueNode, queueNode } from '../../../test/lib/queue-command.ts'
import { systemClock } from '../../lib/clock.ts'
import { startControl } from '../../node/control-socket.ts'
import type { ReloadResult } from '../../node/reload-result.ts'
import { controlSocketPath } from '../../wiring/node-paths.ts'
import { reload } from './reload-command.ts'

let node: QueueNode
let data: string
let closing: (() => Promise<void>)[]

beforeEach(() => {
  node = queueNode()
  data = join(node.folder, 'data')
  closing = []
})
afterEach(async () => {
  for (const close of closing) await close()
  await node.place.remove()
})

const quiet = { warn: () => undefined, bug: () => undefined }

async function answering(answer: () => Promise<object>, directory = data): Promise<void> {
  const requests = new Map([['reload', answer]])
  const control = await startControl(controlSocketPath({ data: directory }), {
    clock: systemClock,
    log: quiet,
    requests,
  })
  closing.push(() => control.close())
}

async function run(options: object = {}): Promise<{ code: number; out: string; err: string }> {
  const io = captureIo()
  const code = await reload({ config: node.config, waitMs: 10_000, ...options }, io)
  return { code, out: io.out(), err: io.err() }
}

const at = (message: string) => ({ file: 'node.yaml', line: 3, column: 7, message })
const done: ReloadResult = {
  kind: 'reloaded',
  file: 'node.yaml',
  summary: '2 routing files',
  warnings: [],
  restartFor: [],
}

describe('an answer', () => {
  it('is printed with its warnings and with the keys that require a restart', async () => {
    await answering(async () => ({ ...done, warnings: [at('mail to x is refused')], restartFor: ['peers', 'limits'] }))
    expect(await run()).toEqual({
      code: 0,
      out: 'reloaded node.yaml (2 routing files)\n',
      err:
        'node.yaml:3:7: mail to x is refused (warning)\n' +
        'restart required for: peers, limits; the node keeps their old values until then\n',
    })
  })

  it('is exit code 1 with the reasons if the node refused the files', async () => {
    await answering(async () => ({ kind: 'refused', file: 'node.yaml', problems: [at('found x'), at('found y')] }))
    expect(await run()).toEqual({
      code: 1,
      out: '',
      err: 'node.yaml:3:7: found x\nnode.yaml:3:7: found y\nthe node refused the reload; the old configuration stays active\n',
    })
  })

  it('is printed as JSON', async () => {
    await answering(async () => done)
    const { code, out } = await run({ json: true })
    expect([code, JSON.parse(out)]).toEqual([0, done])
  })

  it('of another release is not taken for a success', async () => {
    await answering(async () => ({ kind: 'done' }))
    expect(await run()).toMatchObject({ code: 1, err: expect.stringContaining('another release') })
  })

  it('comes through a path that is too long for an address of a socket', async () => {
    const deep = join(data, 'a-long-name-of-a-directory'.repeat(4), 'another-long-name'.repeat(4))
    mkdirSync(deep, { recursive: true })
    await answering(async () => done, deep)
    expect(existsSync(controlSocketPath({ data: deep }))).toBe(true)
    expect(await run({ data: deep })).toMatchObject({ code: 0 })
  })
})

describe('without an answer', () => {
  it('says that no node is running, also after a crash', async () => {
    expect(await run()).toEqual({
      code: 1,
      out: '',
      err: `no node is running with the data directory ${data}, or it has not finished its start\n`,
    })
    writeFileSync(controlSocketPath({ data }), '')
    expect(await run()).toMatchObject({ code: 1, err: expect.stringContaining('no node is running') })
  })

  it('ends after the time limit if the node hangs', async () => {
    await answering(() => new Promise(() => undefined))
    const { code, err } = await run({ waitMs: 50 })
    expect(code).toBe(1)
    expect(err).toMatch(/did not answer within 50ms; the request may still take effect/)
  })

  it('ends if the node fails or stops', async () => {
    await answering(() => Promise.reject(new Error('a bug')))
    expect(await run()).toMatchObject({
      code: 1,
      err: expect.stringContaining('closed the connection without an answer'),
    })
  })
})

describe('the socket', () => {
  it('replaces that of a crashed process, and only its owner may connect', async () => {
    writeFileSync(controlSocketPath({ data }), 'left behind')
    await answering(async () => done)
    expect(statSync(controlSocketPath({ data })).mode & 0o777).toBe(0o600)
    expect(await run()).toMatchObject({ code: 0 })
  })

  it('replaces a link, not its target', async () => {
    const target = join(node.folder, 'target')
    writeFileSync(target, 'of another')
    symlinkSync(target, controlSocketPath({ data }))
    await answering(async () => done)
    expect(statSync(target).isFile()).toBe(true)
    expect(await run()).toMatchObject({ code: 0 })
  })

  it('closes a connection that sends too much or an unknown request', async () => {
    let asked = 0
    await answering(async () => {
      asked += 1
      return done
    })
    const { askNode } = await import('./ask-node.ts')
    expect(await askNode(data, 'x'.repeat(10_000), 10_000)).toMatchObject({ kind: expect.any(String) })
    expect(await askNode(data, 'stop', 10_000)).toEqual({ kind: 'answer', value: { kind: 'unknown-request' } })
    expect(asked).toBe(0)
  })

  it('does not keep the node from starting if it cannot be opened', async () => {
    mkdirSync(join(controlSocketPath({ data }), 'occupied'), { recursive: true })
    const warnings: string[] = []
    const log = { ...quiet, warn: (_: object, message: string) => void warnings.push(message) }
    const control = await startControl(controlSocketPath({ data }), { clock: systemClock, log, requests: new Map() })
    await control.close()
    expect(warnings).toEqual([expect.stringContaining('cannot open the control socket')])
  })
})

it('an answer without an end is no answer', async () => {
  const server: Server = createServer((socket) => socket.resume().end('{"kind":"reloaded"')).listen(
    controlSocketPath({ data }),
  )
  closing.push(() => new Promise((resolve) => server.close(() => resolve())))
  await new Promise((resolve) => server.once('listening', resolve))
  expect(await run()).toMatchObject({ code: 1, err: expect.stringContaining('without an answer') })
})
