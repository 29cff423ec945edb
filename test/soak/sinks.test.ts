import { afterEach, expect, it } from 'vitest'
import { freePort } from '../lib/free-port.ts'
import { connectDialogue, type SmtpDialogue } from '../lib/smtp-dialogue.ts'
import { type Arrivals, createArrivals } from './arrivals.ts'
import { kindOf, reversePathOf, SLOTS } from './mail-plan.ts'
import { textHash } from './seeded-random.ts'
import { type Sinks, startSinks } from './sinks.ts'
import { wireBodyOf } from './soak-mail.ts'

const SEED = 7
const MESSAGES = 2000
const mx = 'mx-01.own.example'
const srs = 'srs-01.own.example'
let sinks: Sinks
let client: SmtpDialogue
let port: number

afterEach(async () => {
  client.socket.destroy()
  await sinks.close()
})

async function start(): Promise<{ readonly arrivals: Arrivals; readonly returned: number[] }> {
  const arrivals = createArrivals(MESSAGES)
  const returned: number[] = []
  port = await freePort()
  const hosts = [{ slot: SLOTS.forward, address: '127.0.0.1' }]
  const onReturn = (number: number) => returned.push(number)
  sinks = await startSinks({ seed: SEED, arrivals, hosts, port, mx, srs, onReturn, stallMs: 1 })
  client = await connectDialogue({ host: '127.0.0.1', port })
  await client.expect(null, '220')
  await client.expect('EHLO srs', '250')
  return { arrivals, returned }
}

async function send(number: number, body: string): Promise<string> {
  await client.expect(`MAIL FROM:<${reversePathOf(number)}>`, '250')
  client.write('RCPT TO:<person@far-1.example>\r\n')
  const { code } = await client.reply()
  if (code !== 250) return String(code)
  await client.expect('DATA', '354')
  const trace = `Received: from a by ${srs} with\r\n ESMTP id srsQueue1;\r\n\tnow\r\nReceived: from b by ${mx}\r\n with ESMTP id mxQueue1; now\r\n`
  client.write(`${trace}Authentication-Results: ${mx}; dmarc=pass\r\nX-Soak: ${number}\r\n\r\n${body}.\r\n`)
  return String((await client.reply()).code)
}

const plain = Array.from({ length: MESSAGES }, (_, number) => number).find(
  (number) => kindOf(SEED, number) === 'forward',
) as number

it('counts a message with the queue IDs of its way, and finds a body that was changed', async () => {
  const { arrivals } = await start()
  expect(await send(plain, wireBodyOf(SEED, plain))).toBe('250')
  expect(await send(plain, wireBodyOf(SEED, plain))).toBe('250')
  expect(arrivals.wrong).toEqual([])
  const [copies] = [...arrivals.repeated().values()]
  expect(copies).toEqual(
    [1, 2].map(() => expect.objectContaining({ number: plain, mx: textHash('mxQueue1'), srs: textHash('srsQueue1') })),
  )
  expect(Object.fromEntries(arrivals.dmarc)).toEqual({ pass: 2 })
  expect(await send(plain, wireBodyOf(SEED, plain).replace('words', 'WORDS'))).toBe('250')
  expect(arrivals.wrong).toEqual([`the body of ${plain} is not what was sent`])
})

it('refuses and returns what the plan says, and defers everything in that mood', async () => {
  const { arrivals, returned } = await start()
  const numberOf = (kind: string) =>
    Array.from({ length: MESSAGES }, (_, number) => number).find((number) => kindOf(SEED, number) === kind) as number
  expect(await send(numberOf('refused'), '')).toBe('550')
  const number = numberOf('returned')
  expect(await send(number, wireBodyOf(SEED, number))).toBe('250')
  expect(returned).toEqual([number])
  await sinks.setMood('defers')
  expect(await send(plain, '')).toBe('451')
  expect(arrivals.total).toBe(1)
})

it('fails in every way over many messages, each a few times only', async () => {
  const { arrivals } = await start()
  for (let number = 0; number < MESSAGES; number++) {
    if (kindOf(SEED, number) !== 'forward') continue
    for (let done = false; !done; ) {
      const reply = await send(number, wireBodyOf(SEED, number)).catch(() => 'closed')
      done = reply === '250'
      if (reply !== 'closed') continue
      client.socket.destroy()
      client = await connectDialogue({ host: '127.0.0.1', port })
      await client.expect(null, '220')
    }
  }
  expect([...sinks.faults.keys()].toSorted()).toEqual([
    'cut-data',
    'defer-data',
    'defer-dot',
    'defer-rcpt',
    'no-reply',
    'reset',
    'stall',
  ])
  expect(arrivals.wrong).toEqual([])
})
