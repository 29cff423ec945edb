// The loader of the benchmark `mx`: clients of 200 domains that send their signed mail in pipelined transactions (RFC 2920), ten in a
// connection. Each names its address with the PROXY protocol. It shares no code with the program.

import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MxLoadAnswer, MxLoadOrder } from './mx-load-order.ts'
import type { BenchSender } from './mx-mail.ts'

const order = JSON.parse(process.argv[2] as string) as MxLoadOrder
const senders = JSON.parse(readFileSync(order.mail, 'utf8')) as BenchSender[]
const prepared = senders.map(({ address, helo, messages }) => ({
  address,
  helo,
  transactions: messages.map(({ sender, recipient, data }) => ({
    envelope: `MAIL FROM:<${sender}>\r\nRCPT TO:<${recipient}>\r\nDATA\r\n`,
    data: Buffer.from(data),
  })),
}))
const delays: number[] = []
let nextMessage = 0
let nextSender = 0

const start = performance.now()
const dueAt = (index: number): number => start + (index * 1000) / (order.rate as number)

/** Reads replies; `skip` waits for that many complete ones and returns the last line of each. */
function replies(socket: Socket) {
  let text = ''
  const ready: string[] = []
  let waiting: { count: number; resolve: (lines: string[]) => void; reject: (error: Error) => void } | null = null
  const settle = () => {
    if (waiting === null || ready.length < waiting.count) return
    const { count, resolve } = waiting
    waiting = null
    resolve(ready.splice(0, count))
  }
  const fail = (error: Error) => waiting?.reject(error)
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the server closed the connection')))
  socket.on('data', (chunk: Buffer) => {
    const lines = (text + chunk.toString('latin1')).split('\r\n')
    text = lines.pop() as string
    for (const line of lines) if (line[3] !== '-') ready.push(line)
    settle()
  })
  return (count: number): Promise<string[]> =>
    new Promise((resolve, reject) => {
      waiting = { count, resolve, reject }
      settle()
    })
}

function expectPositive(lines: readonly string[]): void {
  const bad = lines.find((line) => line >= '4')
  if (bad !== undefined) throw new Error(`the server answered ${bad}`)
}

async function serve(): Promise<void> {
  while (nextMessage < order.messages) {
    const { address, helo, transactions } = prepared[nextSender++ % prepared.length] as (typeof prepared)[number]
    const socket = connect(order.port, '127.0.0.1').setNoDelay()
    const read = replies(socket)
    socket.write(`PROXY TCP4 ${address} 127.0.0.1 40000 25\r\n`)
    expectPositive(await read(1))
    socket.write(`EHLO ${helo}\r\n`)
    expectPositive(await read(1))
    for (const { envelope, data } of transactions) {
      if (nextMessage >= order.messages) break
      const index = nextMessage++
      if (order.rate !== null) await sleep(Math.max(0, dueAt(index) - performance.now()))
      const began = order.rate === null ? 0 : dueAt(index)
      socket.write(envelope)
      expectPositive(await read(3))
      const sent = performance.now()
      socket.write(data)
      expectPositive(await read(1))
      delays.push(performance.now() - (began || sent))
    }
    socket.end('QUIT\r\n')
    await read(1)
  }
}

await Promise.all(Array.from({ length: order.sessions }, serve))
const seconds = (performance.now() - start) / 1000
const sorted = delays.toSorted((a, b) => a - b)
const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] as number
const answer: MxLoadAnswer = { seconds, p50: at(0.5), p99: at(0.99), max: at(1) }
process.stdout.write(JSON.stringify(answer))
process.exit(0)
