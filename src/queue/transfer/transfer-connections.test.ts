// Silent strangers at the transfer listener, with real sockets and TLS: shares, a short time, and places for peers.

import { createHash, X509Certificate } from 'node:crypto'
import { connect, Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../../test/lib/fake-clock.ts'
import { type TestQueue, testQueue } from '../../../test/lib/queue-samples.ts'
import { until } from '../../../test/lib/until.ts'
import { type Budgets, createBudgets } from '../../budget/budgets.ts'
import { createAuthority, type Issued } from '../../demo/ca.ts'
import { createRemoteReceiver, type RemoteReceiver } from './remote-receiver.ts'
import { createTransferConnections } from './transfer-connections.ts'
import { startTransferListener, type TransferListener } from './transfer-listener.ts'

const authority = createAuthority('Test')
const [giver, taker, other] = ['giver', 'taker', 'other'].map((name) =>
  authority.issue({ names: [`${name}.example.org`], ips: ['127.0.0.1'] }),
) as [Issued, Issued, Issued]
const print = ({ certificate }: Issued) =>
  createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex')
/** A loopback address that the configuration gives to a peer. */
const PEER_ADDRESS = '127.77.0.1'
/** Small, so that a test needs few sockets: eight places for strangers, four for each of their networks. */
const limits = { capacity: 24, client: 4, network: 4, account: 16, ceilings: { internet: 1 / 3 } }

let place: TestQueue
let listener: TransferListener
let clock: FakeClock
let budgets: Budgets
const clients: RemoteReceiver[] = []
const sockets: Socket[] = []

beforeEach(async () => {
  place = testQueue()
  clock = createFakeClock()
  budgets = createBudgets(clock)
  const settings = {
    host: '127.0.0.1',
    port: 0,
    peers: new Map([[print(giver), { role: 'srs', host: 'giver.example.org', mayTransfer: true, mayView: false }]]),
    isPeerAddress: (ip: string) => ip === PEER_ADDRESS,
    rules: {
      roles: new Set<string>(),
      origins: new Set<never>(),
      internet: 'always' as const,
      nextHops: () => new Set<string>(),
      messageSize: 1000,
    },
    name: 'taker.example.org',
  }
  listener = await startTransferListener(settings, {
    queue: await place.open(),
    certificate: { value: taker },
    accepted: () => undefined,
    connections: budgets.pool('transferConnections', limits),
    questions: async () => ({ status: 200, body: {} }),
    questionOctets: 100,
    questionPath: '/fleet',
    clock,
    log: { warn: () => undefined, bug: (error) => expect.unreachable(String(error)) },
  })
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  for (const socket of sockets.splice(0)) socket.destroy()
  await listener.close()
  await place.remove()
})

function client({ certificate, key }: Issued = giver): RemoteReceiver {
  const known = { fingerprints: new Set([print(taker)]), ca: null }
  const made = createRemoteReceiver({ host: '127.0.0.1', port: listener.port, certificate, key, ...known })
  clients.push(made)
  return made
}

/** A connection that never sends anything. Resolves when it is open; `closed` when the listener closes it. */
async function silent(localAddress: string) {
  const socket = connect({ host: '127.0.0.1', port: listener.port, localAddress })
  sockets.push(socket)
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  return { closed, isOpen: () => !socket.destroyed && !socket.readableEnded }
}

const used = () => budgets.usage()[0]?.used
const refusals = () => Object.fromEntries(budgets.usage()[0]?.refused ?? [])
const holds = (count: number) => until(() => used() === count, { what: `${count} connections` })

/** Silent connections from addresses of these /24 networks, in this order. */
async function crowd(sites: readonly number[]) {
  const all = []
  for (const [host, site] of sites.entries()) all.push(await silent(`127.${site}.0.${host + 1}`))
  return all
}

describe('silent strangers', () => {
  it('have a share of places for each network', async () => {
    await crowd([1, 1, 1, 1])
    await holds(4)
    const fifth = await silent('127.1.0.99')
    await fifth.closed
    expect(refusals()).toEqual({ network: 1 })
    await silent('127.2.0.1')
    await holds(5)
  })

  it('are closed after ten seconds', async () => {
    const one = await silent('127.1.0.1')
    await holds(1)
    await clock.advance(9_999)
    expect(used()).toBe(1)
    await clock.advance(1)
    await one.closed
    expect(used()).toBe(0)
  })

  it('give way to the next in the network that has the most, and never keep a peer out', async () => {
    const [alone, first] = await crowd([9, 1, 1, 1, 2, 2, 3, 3])
    await holds(8)
    await silent('127.4.0.1')
    await first?.closed
    expect([used(), alone?.isOpen()]).toEqual([8, true])
    // A peer at an address that is not in the configuration is a stranger until its certificate is proven.
    expect(await client().identify()).toMatchObject({ kind: 'answer' })
    expect(alone?.isOpen()).toBe(true)
  })

  it('of the network that has the most replace each other', async () => {
    const [alone, first] = await crowd([9, 1, 1, 1, 2, 3, 4, 5])
    await holds(8)
    await silent('127.1.0.99')
    await first?.closed
    expect([used(), alone?.isOpen()]).toEqual([8, true])
  })

  it('do not take the places for the addresses of peers', async () => {
    await crowd([1, 2, 3, 4, 5, 6, 7, 8])
    await holds(8)
    await silent(PEER_ADDRESS)
    await holds(9)
    expect(refusals()).toEqual({})
  })

  it('do not include proven peers, which keep their connection', async () => {
    expect(await client().identify()).toMatchObject({ kind: 'answer' })
    await holds(1)
    await clock.advance(60_000)
    await crowd([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    await holds(8)
    expect(await clients[0]?.identify()).toMatchObject({ kind: 'answer' })
    clients[0]?.close()
    await holds(7)
  })

  it('include clients with an unknown certificate, which get a reason', async () => {
    const stranger = client(other)
    expect(await stranger.identify()).toMatchObject({ cause: expect.stringContaining('403') })
    stranger.close()
    await holds(0)
  })

  it('are closed with the listener', async () => {
    const one = await silent('127.1.0.1')
    await holds(1)
    await listener.close()
    await one.closed
    expect(used()).toBe(0)
  })
})

describe('connections that end before they are noticed', () => {
  /** A socket as the listener gets it: without an address if its client has gone. */
  const accepted = (remoteAddress?: string, remotePort?: number): Socket =>
    Object.defineProperties(new Socket(), {
      remoteAddress: { value: remoteAddress },
      remotePort: { value: remotePort },
    })

  it('give back every place, also if the client has gone or comes again from the same port', async () => {
    const pool = budgets.pool('transferConnections', limits)
    const places = createTransferConnections({ pool, clock, peers: new Map(), isPeerAddress: () => false })
    expect(places.open(accepted())).toBe(false)
    expect(pool.used).toBe(0)
    const [first, second] = [accepted('127.1.0.1', 40_000), accepted('127.1.0.1', 40_000)]
    expect([places.open(first), places.open(second)]).toEqual([true, true])
    expect([first.destroyed, pool.used]).toEqual([true, 1])
    second.destroy()
    await until(() => pool.used === 0, { what: 'no place' })
  })
})
