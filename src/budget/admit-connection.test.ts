// A real HTTP server behind a small pool: which connection gets a place in a full one.

import { createServer, type Server } from 'node:http'
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
  type Socket,
} from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createAdmission } from './admit-connection.ts'
import { createPool, type Pool } from './pool.ts'

const CAPACITY = 3
let pool: Pool
let front: TcpServer
let server: Server
let answers: (() => void)[]
let sockets: Socket[]

beforeEach(async () => {
  pool = createPool({ capacity: CAPACITY, client: 2, network: 100 }, () => {})
  answers = []
  sockets = []
  server = createServer((request, response) => {
    request.resume().once('end', () => answers.push(() => response.end('here')))
  })
  front = createTcpServer(createAdmission(server, pool)).listen(0, '127.0.0.1')
  await once(front, 'listening')
})
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  server.closeAllConnections()
  front.close()
})

/** A connection from its own client, once the server has taken or closed it. */
async function open(number: number, text = ''): Promise<Socket> {
  const { port } = front.address() as AddressInfo
  const taken = once(front, 'connection')
  const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.1.${number}` })
  socket.on('error', () => undefined)
  sockets.push(socket)
  await once(socket, 'connect')
  await taken
  if (text !== '') socket.write(text)
  return socket
}
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const answered = async (socket: Socket) => String((await once(socket, 'data'))[0])
async function asked(count: number): Promise<void> {
  while (answers.length < count) await new Promise((resolve) => setImmediate(resolve))
}

it('gives the place of the longest silence to a new connection', async () => {
  const silent = [await open(1), await open(2), await open(3)]
  const closed = once(silent[0] as Socket, 'close')
  const person = await open(4, GET)
  await closed
  await asked(1)
  answers[0]?.()
  expect(await answered(person)).toMatch(/^HTTP\/1\.1 200/)
  expect(silent.map(({ destroyed }) => destroyed)).toEqual([true, false, false])
  expect(pool.used).toBe(CAPACITY)
})

it('takes no place from a request that is being answered, and takes it after the answer', async () => {
  const people = [await open(1, GET), await open(2, GET), await open(3, GET)]
  await asked(3)
  const late = await open(4)
  await once(late, 'close')
  expect(people.map(({ destroyed }) => destroyed)).toEqual([false, false, false])
  answers[1]?.()
  await answered(people[1] as Socket)
  const closed = once(people[1] as Socket, 'close')
  await open(5)
  await closed
  expect([people[0]?.destroyed, people[2]?.destroyed]).toEqual([false, false])
})

it('counts a request whose body does not end as silence', async () => {
  const body = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nx'
  const dripping = await open(1, body)
  await open(2, GET)
  await open(3, GET)
  await asked(2)
  const closed = once(dripping, 'close')
  await open(4)
  await closed
  expect(pool.used).toBe(CAPACITY)
})

it('takes no place for a client that has its share', async () => {
  const silent = [await open(1), await open(1)]
  const third = await open(1)
  await once(third, 'close')
  expect(silent.map(({ destroyed }) => destroyed)).toEqual([false, false])
})

it('gives every place back', async () => {
  for (let number = 1; number < 9; number++) await open(number)
  for (const socket of sockets) socket.destroy()
  while (pool.used > 0) await new Promise((resolve) => setImmediate(resolve))
  expect(pool.used).toBe(0)
})
