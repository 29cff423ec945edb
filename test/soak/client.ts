// An SMTP client of a soak that comes through a load balancer: it names its address with the PROXY protocol. It shares no code with the program.

import { connect, type Socket } from 'node:net'
import { type ReadReplies, readAllReplies } from '../bench/reply-reader.ts'

/** `doubt`: the final dot was sent, and no reply came. `lost`: the connection ended before. */
export type SendResult = 'accepted' | 'refused' | 'deferred' | 'doubt' | 'lost'

export interface ClientTarget {
  readonly host: string
  readonly port: number
  /** The address and EHLO name of the client. */
  readonly address: string
  readonly helo: string
}

export interface Transaction {
  readonly from: string
  readonly to: string
  /** With the final dot. */
  readonly data: string
  /** Closes the connection in the middle of the data. */
  readonly cut?: boolean
}

export interface Client {
  send(transaction: Transaction): Promise<SendResult>
  /** False after the connection has ended. */
  readonly usable: boolean
  quit(): void
}

/** Only ends a client that hangs: a node that is stopped by a signal answers again within seconds. */
const SILENCE = 120_000

/** Null if the node is away or does not want the client now. */
export async function openClient({ host, port, address, helo }: ClientTarget): Promise<Client | null> {
  const socket = connect(port, host).setNoDelay()
  socket.setTimeout(SILENCE, () => socket.destroy())
  const read = readAllReplies(socket)
  try {
    socket.write(`PROXY TCP4 ${address} 192.0.2.25 40000 25\r\n`)
    if (!isPositive(await read(1))) throw new Error('no greeting')
    socket.write(`EHLO ${helo}\r\n`)
    if (!isPositive(await read(1))) throw new Error('no EHLO')
  } catch {
    socket.destroy()
    return null
  }
  return {
    send: (transaction) => transact(socket, read, transaction),
    get usable() {
      return !socket.destroyed && socket.writable
    },
    quit: () => {
      socket.end('QUIT\r\n')
    },
  }
}

async function transact(socket: Socket, read: ReadReplies, transaction: Transaction): Promise<SendResult> {
  const { from, to, data, cut = false } = transaction
  let isEnded = false
  try {
    // RFC 2920: one group.
    socket.write(`MAIL FROM:<${from}>\r\nRCPT TO:<${to}>\r\nDATA\r\n`)
    const [mail = '', rcpt = '', ready = ''] = await read(3)
    if (!ready.startsWith('354')) {
      const cause = [mail, rcpt, ready].find((line) => line >= '4') ?? ''
      if (mail < '3') await reset(socket, read)
      return cause.startsWith('5') ? 'refused' : 'deferred'
    }
    if (rcpt >= '4') {
      socket.write('.\r\n')
      await read(1)
      return rcpt.startsWith('5') ? 'refused' : 'deferred'
    }
    if (cut) {
      socket.write(data.slice(0, data.length >> 1), () => socket.destroy())
      return 'lost'
    }
    isEnded = true
    socket.write(data)
    const [reply = ''] = await read(1)
    return reply < '3' ? 'accepted' : reply.startsWith('5') ? 'refused' : 'deferred'
  } catch {
    socket.destroy()
    return isEnded ? 'doubt' : 'lost'
  }
}

async function reset(socket: Socket, read: ReadReplies): Promise<void> {
  socket.write('RSET\r\n')
  await read(1)
}

function isPositive(lines: readonly string[]): boolean {
  return lines.every((line) => line < '4')
}
