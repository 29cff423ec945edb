// The loader of the benchmark `mx`: clients of 200 domains that send their signed mail in pipelined transactions (RFC 2920), ten in a
// connection. Each names its address with the PROXY protocol. It shares no code with the program.

import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { delaysOf } from '../delays.ts'
import { readReplies } from '../reply-reader.ts'
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

async function serve(): Promise<void> {
  while (nextMessage < order.messages) {
    const { address, helo, transactions } = prepared[nextSender++ % prepared.length] as (typeof prepared)[number]
    const socket = connect(order.port, '127.0.0.1').setNoDelay()
    const read = readReplies(socket)
    socket.write(`PROXY TCP4 ${address} 127.0.0.1 40000 25\r\n`)
    await read(1)
    socket.write(`EHLO ${helo}\r\n`)
    await read(1)
    for (const { envelope, data } of transactions) {
      if (nextMessage >= order.messages) break
      const index = nextMessage++
      if (order.rate !== null) await sleep(Math.max(0, dueAt(index) - performance.now()))
      const began = order.rate === null ? 0 : dueAt(index)
      socket.write(envelope)
      await read(3)
      const sent = performance.now()
      socket.write(data)
      await read(1)
      delays.push(performance.now() - (began || sent))
    }
    socket.end('QUIT\r\n')
    await read(1)
  }
}

await Promise.all(Array.from({ length: order.sessions }, serve))
const seconds = (performance.now() - start) / 1000
const answer: MxLoadAnswer = { seconds, ...delaysOf(delays) }
process.stdout.write(JSON.stringify(answer))
process.exit(0)
