// The pool against failing servers: no listener, no answer, a broken connection. test/peers has a real server.

import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { freePort } from '../../../test/lib/free-port.ts'
import { systemClock } from '../../lib/clock.ts'
import { createLdapPool } from './ldap-pool.ts'
import type { LdapPool } from './ldap-pool.ts'
import type { LdapServerSettings } from './ldap-settings.ts'

/** A bind response with success, for the first message on a connection (RFC 4511 4.2.2). */
const bound = (id: number) =>
  Buffer.from([0x30, 0x0c, 0x02, 0x01, id, 0x61, 0x07, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00])
/** A search result without entries. */
const nothing = (id: number) =>
  Buffer.from([0x30, 0x0c, 0x02, 0x01, id, 0x65, 0x07, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00])
const BIND = 0x60

const base: LdapServerSettings = {
  urls: [],
  startTls: false,
  tls: { ca: null, certificate: null, key: null },
  bind: { kind: 'anonymous' },
  timeoutMs: 5000,
  connections: 2,
}

/** The system's timers, because the servers are real; the tests skip time on the monotonic clock. */
let skippedMs = 0
const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + skippedMs }
const servers: Server[] = []
const pools: LdapPool[] = []
const sockets: Socket[] = []

afterEach(() => {
  for (const pool of pools.splice(0)) pool.close()
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) server.close()
})

interface Seen {
  connections: number
  /** The most requests under way on one connection; the library fails with two. */
  most: number
}

/** Answers binds at once and searches after `delay` ms; with `mute` it answers nothing. */
async function serve(
  how: { delay?: number; mute?: boolean; dropAfter?: number } = {},
): Promise<{ url: string; seen: Seen }> {
  const seen: Seen = { connections: 0, most: 0 }
  const server = createServer((socket) => {
    sockets.push(socket)
    seen.connections += 1
    let under = 0
    let answered = 0
    socket.on('error', () => undefined)
    socket.on('data', (octets: Buffer) => {
      if (how.mute) return
      const id = octets[4] as number
      if (octets[5] === BIND || octets[6] === BIND) return void socket.write(bound(id))
      under += 1
      seen.most = Math.max(seen.most, under)
      setTimeout(() => {
        under -= 1
        answered += 1
        socket.write(nothing(id))
        if (answered === how.dropAfter) socket.end()
      }, how.delay ?? 0)
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  return { url: `ldap://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

function pool(urls: readonly string[], changes: Partial<LdapServerSettings> = {}): LdapPool {
  const made = createLdapPool({ ...base, ...changes, urls }, clock)
  pools.push(made)
  return made
}

const search = (asked: LdapPool, deadline = 2000) =>
  asked.query(async (client) => (await client.search('dc=x', { filter: '(uid=x)' })).searchEntries.length, deadline)

describe('the pool', () => {
  it('runs one request at a time on each connection, within the limit of connections', async () => {
    const { url, seen } = await serve({ delay: 10 })
    const asked = pool([url])
    const answers = await Promise.all(Array.from({ length: 20 }, () => search(asked)))
    expect(answers.every((answer) => answer.kind === 'answered')).toBe(true)
    expect(seen).toEqual({ connections: 2, most: 1 })
  })

  it('reuses a connection, and opens a new one after a long idle time', async () => {
    const { url, seen } = await serve()
    const asked = pool([url])
    await search(asked)
    await search(asked)
    expect(seen.connections).toBe(1)
    skippedMs += 60_000
    await search(asked)
    expect(seen.connections).toBe(2)
  })

  it('retries on a new connection if the server closed the old one', async () => {
    const { url, seen } = await serve({ dropAfter: 1 })
    const asked = pool([url])
    for (let turn = 0; turn < 5; turn += 1) expect((await search(asked)).kind).toBe('answered')
    expect(seen.connections).toBe(5)
  })

  it('gives up on a server that accepts connections and does not answer', async () => {
    const { url } = await serve({ mute: true })
    expect(await search(pool([url], { timeoutMs: 200 }))).toEqual({
      kind: 'unavailable',
      cause: expect.stringContaining('no connection within 0.2 s'),
    })
  })

  it('ends a request at its deadline', async () => {
    const { url } = await serve({ delay: 5000 })
    expect((await search(pool([url], { timeoutMs: 60_000 }), 150)).kind).toBe('unavailable')
  })

  it('ends requests that wait for a connection, too', async () => {
    const { url } = await serve({ delay: 5000 })
    const asked = pool([url], { timeoutMs: 60_000 })
    const answers = await Promise.all(Array.from({ length: 6 }, () => search(asked, 150)))
    expect(answers.map((answer) => answer.kind)).toEqual(Array.from({ length: 6 }, () => 'unavailable'))
  })

  it('tries the next server, and stays with it', async () => {
    const dead = `ldap://127.0.0.1:${await freePort()}`
    const { url, seen } = await serve()
    const asked = pool([dead, url])
    expect((await search(asked)).kind).toBe('answered')
    skippedMs += 120_000
    expect((await search(asked)).kind).toBe('answered')
    expect(seen.connections).toBe(2)
  })

  it('does not try a dead server again before its pause ends or is reset', async () => {
    const port = await freePort()
    const asked = pool([`ldap://127.0.0.1:${port}`])
    expect(await search(asked)).toMatchObject({ cause: expect.stringContaining('ECONNREFUSED') })
    expect(await search(asked)).toMatchObject({ cause: expect.stringContaining('next attempt in 1 s') })
    asked.resetBackoff()
    expect(await search(asked)).toMatchObject({ cause: expect.not.stringContaining('next attempt') })
    expect(await search(asked)).toMatchObject({ cause: expect.stringContaining('next attempt in 2 s') })
    skippedMs += 2001
    expect(await search(asked)).toMatchObject({ cause: expect.not.stringContaining('next attempt') })
  })

  it('ends requests when it is closed, and refuses later ones', async () => {
    const { url } = await serve({ delay: 5000 })
    const asked = pool([url], { timeoutMs: 60_000 })
    const answer = search(asked, 60_000)
    setTimeout(() => asked.close(), 50)
    expect((await answer).kind).toBe('unavailable')
    expect((await search(asked)).kind).toBe('unavailable')
  })

  it('survives many requests at once to a missing server', async () => {
    const asked = pool([`ldap://127.0.0.1:${await freePort()}`])
    const answers = await Promise.all(Array.from({ length: 50 }, () => search(asked)))
    expect(answers.every((answer) => answer.kind === 'unavailable')).toBe(true)
  })
})
