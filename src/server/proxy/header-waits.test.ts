import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../../test/lib/fake-clock.ts'
import { binaryHeaderOf, textHeader } from '../../../test/lib/proxy-headers.ts'
import { until } from '../../../test/lib/until.ts'
import { createBudgets } from '../../budget/budgets.ts'
import type { Pool } from '../../budget/pool.ts'
import { createHeaderWaits, type HeaderResult, type HeaderWaits } from './header-waits.ts'

let clock: FakeClock
let places: Pool
let waits: HeaderWaits
let server: Server
let results: HeaderResult[]
let causes: unknown[]
let clients: (string | null)[]
let accepted: Socket[]

const start = async (capacity = 10) => {
  clock = createFakeClock()
  places = createBudgets(clock).pool('proxyHeaders', { capacity, client: capacity, network: capacity })
  const count = (result: HeaderResult) => void results.push(result)
  const log = { info: ({ cause, limit }: Readonly<Record<string, unknown>>) => void causes.push(cause ?? limit) }
  waits = createHeaderWaits({ isBalancer: () => true, places, count, listener: 'smtp', clock, log })
  server = createServer((socket) => {
    accepted.push(socket)
    if (waits.admit(socket) === 'awaited') waits.read(socket, (ip) => void clients.push(ip))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
}
beforeEach(async () => {
  results = []
  causes = []
  clients = []
  accepted = []
  await start()
})
afterEach(() => {
  for (const socket of accepted) socket.destroy()
  server.close()
})

async function open(): Promise<Socket> {
  const before = accepted.length
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket
    .on('error', () => {})
    .setNoDelay(true)
    .resume()
  await once(socket, 'connect')
  await until(() => accepted.length > before, { what: 'the connection' })
  return socket
}

describe('a header', () => {
  it.each([
    ['1', Buffer.from(textHeader('203.0.113.7'))],
    ['2', binaryHeaderOf('203.0.113.7')],
  ])('of version %s is read octet by octet, and nothing behind it', async (_, header) => {
    const socket = await open()
    for (const octet of header.subarray(0, -1)) {
      socket.write(Uint8Array.of(octet))
      await new Promise(setImmediate)
    }
    expect([clients, places.used]).toEqual([[], 1])
    socket.write(Buffer.concat([header.subarray(-1), Buffer.from('EHLO x\r\n')]))
    await until(() => clients.length > 0, { what: 'the header' })
    expect([clients, results, places.used]).toEqual([['203.0.113.7'], ['client'], 0])
    expect(accepted[0]?.read()?.toString()).toBe('EHLO x\r\n')
    expect(clock.sleeping).toBe(0)
    socket.destroy()
  })

  it('that does not come in time closes the connection', async () => {
    const socket = await open()
    socket.write('PROXY ')
    await clock.advance(4999)
    expect([results, places.used]).toEqual([[], 1])
    await clock.advance(2)
    await once(socket, 'close')
    await until(() => places.used === 0, { what: 'the place to be free' })
    expect([results, causes]).toEqual([['late'], ['no whole header in 5 s']])
  })

  it('that is wrong closes the connection at once, with one line', async () => {
    const socket = await open()
    socket.write('EHLO client.example.net\r\nMAIL FROM:<a@example.net>\r\n')
    await once(socket, 'close')
    await until(() => places.used === 0, { what: 'the place to be free' })
    expect([results, causes, clients]).toEqual([['malformed'], ['no PROXY header'], []])
  })

  it.each(['end', 'resetAndDestroy'] as const)('that is cut off by %s is counted', async (method) => {
    const socket = await open()
    socket.write('PROXY TCP4 203.0')
    await until(() => (accepted[0]?.bytesRead ?? 0) > 0, { what: 'the first octets' })
    socket[method]()
    await until(() => places.used === 0, { what: 'the place to be free' })
    expect(results).toEqual(['incomplete'])
  })

  it.each(['end', 'resetAndDestroy'] as const)(
    'is not missed by a health check that only connects (%s)',
    async (how) => {
      const socket = await open()
      socket[how]()
      await until(() => places.used === 0, { what: 'the place to be free' })
      expect([results, causes, clock.sleeping]).toEqual([[], [], 0])
    },
  )
})

it('a balancer without a place is closed, and the log names the budget', async () => {
  server.close()
  await start(1)
  await open()
  const second = await open()
  await until(() => second.destroyed, { what: 'the close' })
  expect([causes, places.used]).toEqual([['proxyHeaders: capacity'], 1])
})

it('without balancers every connection is direct', () => {
  const none = createHeaderWaits(null)
  const socket = { remoteAddress: '127.0.0.1' } as Socket
  expect([none.admit(socket), none.isAwaited(socket)]).toEqual(['direct', false])
})
