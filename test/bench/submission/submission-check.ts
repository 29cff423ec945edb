// Before anything is measured: each mail server must refuse wrong passwords, foreign senders and mail without a login, and must sign with
// its keys what it delivers.

import { once } from 'node:events'
import { connect } from 'node:tls'
import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import { startSmtpPeer } from '../../lib/smtp-peer.ts'
import { until } from '../../lib/until.ts'
import { readReplies } from '../reply-reader.ts'
import type { Contender } from './submission-contenders.ts'
import { runSubmissionLoad } from './submission-load.ts'
import { OWN_DOMAIN, type SubmissionWorld } from './submission-world.ts'

const PATIENCE = 30_000

/** Throws unless logins are refused and accepted correctly, and mail is signed with the keys. */
export async function checkContender(contender: Contender, world: SubmissionWorld): Promise<void> {
  const { name, port, sinkPort } = contender
  const sink = await startSmtpPeer({ host: '127.0.0.1', port: sinkPort, extensions: ['PIPELINING', '8BITMIME'] })
  try {
    await checkRefusals(contender, world)
    // Each user once, and all at the same time from one address, which is new: as an office does on a Monday.
    const messages = world.users.length
    await runSubmissionLoad({ port, users: world.users, sessions: messages, messages, perSession: 1 })
    await until(() => sink.messages.length >= messages, { what: `${messages} messages of ${name}`, timeout: PATIENCE })
    for (const { data } of sink.messages) await checkSignatures(contender, world, data)
  } finally {
    await sink.close()
  }
}

async function checkRefusals({ name, port }: Contender, { users: [first] }: SubmissionWorld): Promise<void> {
  if (first === undefined) throw new Error('no users')
  const login = (password: string) => `AUTH PLAIN ${Buffer.from(`\0${first.name}\0${password}`).toString('base64')}`
  const sender = (user: string) => `MAIL FROM:<${user}@${OWN_DOMAIN}>`
  const recipient = 'RCPT TO:<friend@home.example.net>'
  const right = login(first.password)
  const cases = [
    ['a wrong password', [login('guess')], /^535/],
    ['no login', [sender(first.name), recipient], /^5\d\d/],
    ['the address of another user', [right, sender('user2'), recipient], /^5\d\d/],
    ['the right password', [right, sender(first.name), recipient], /^250/],
  ] as const
  for (const [what, commands, expected] of cases) {
    const reply = await lastReply(port, commands)
    if (!expected.test(reply)) throw new Error(`${name} answered ${reply} to ${what}`)
  }
}

/** The first negative reply to these commands, or the last one. */
async function lastReply(port: number, commands: readonly string[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  const read = readReplies(socket)
  try {
    await Promise.all([once(socket, 'secureConnect'), read(1)])
    let reply = ''
    for (const command of ['EHLO client.example', ...commands]) {
      socket.write(`${command}\r\n`)
      ;[reply = ''] = await read(1)
    }
    return reply
  } catch (error) {
    return (error as Error).message.replace('the server answered ', '')
  } finally {
    socket.destroy()
  }
}

async function checkSignatures({ name, keys }: Contender, { signing }: SubmissionWorld, data: Buffer): Promise<void> {
  const records = new Map(
    Object.values(signing).map(({ selector, record }) => [`${selector}._domainkey.${OWN_DOMAIN}`, record]),
  )
  const resolver = async (asked: string): Promise<string[][]> => [[records.get(asked) ?? '']]
  const { results } = await dkimVerify(data, { resolver })
  const found = results.map((one) => `${one.selector} ${one.status.result}`).toSorted()
  const wanted = keys.map((key) => `${key} pass`).toSorted()
  if (found.join() !== wanted.join())
    throw new Error(`${name} delivered mail with signatures ${found.join(', ')}, expected ${wanted.join(', ')}`)
}
