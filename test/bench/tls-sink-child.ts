// A next hop like smtp-sink, which does not support TLS: it offers STARTTLS and PIPELINING, accepts all mail and discards it. Prints its
// counter when it changes, as smtp-sink does. With `implicit` it has TLS from the first octet and accepts every login, as the cheapest
// submission server. Argument: JSON { port, key, certificate, implicit }.

import { createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'

const { port, key, certificate, implicit } = JSON.parse(process.argv[2] as string) as Record<string, string> & {
  readonly implicit?: boolean
}
const secureContext = createSecureContext({ key: key as string, cert: certificate as string })
const endOfData = Buffer.from('\r\n.\r\n')
const nothing = Buffer.alloc(0)
const TOLD_EVERY_MS = 20

let sessions = 0
let messages = 0
let told = ''
setInterval(() => {
  const line = `sess=${sessions} quit=0 mesg=${messages}\r`
  if (line !== told) process.stdout.write(line)
  told = line
}, TOLD_EVERY_MS)

function serve(socket: Socket, secured: boolean): void {
  let octets: Buffer = nothing
  let inData = false
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    octets = octets.length > 0 ? Buffer.concat([octets, chunk]) : chunk
    let replies = ''
    for (;;) {
      if (inData) {
        const end = octets.indexOf(endOfData)
        if (end < 0) {
          octets = octets.subarray(Math.max(0, octets.length - endOfData.length + 1))
          break
        }
        octets = octets.subarray(end + endOfData.length)
        inData = false
        messages++
        replies += '250 2.0.0 Accepted\r\n'
        continue
      }
      const end = octets.indexOf('\r\n')
      if (end < 0) break
      const command = octets.toString('latin1', 0, Math.min(end, 8)).toUpperCase()
      octets = octets.subarray(end + 2)
      if (command === 'STARTTLS') {
        socket.removeAllListeners('data')
        socket.write(`${replies}220 2.0.0 Go ahead\r\n`)
        serve(new TLSSocket(socket, { isServer: true, secureContext }), true)
        return
      }
      inData = command.startsWith('DATA')
      replies += answer(command, secured)
    }
    if (replies !== '') socket.write(replies)
  })
}

function answer(command: string, secured: boolean): string {
  if (command.startsWith('AUTH')) return '235 2.7.0 Accepted\r\n'
  if (command.startsWith('EHLO'))
    return `250-sink\r\n${secured ? '' : '250-STARTTLS\r\n'}250-8BITMIME\r\n250 PIPELINING\r\n`
  if (command.startsWith('DATA')) return '354 End data with <CR><LF>.<CR><LF>\r\n'
  return command.startsWith('QUIT') ? '221 2.0.0 Bye\r\n' : '250 2.0.0 Ok\r\n'
}

createServer((socket) => {
  sessions++
  socket.setNoDelay()
  const client = implicit ? new TLSSocket(socket, { isServer: true, secureContext }) : socket
  serve(client, implicit === true)
  client.write('220 sink ESMTP\r\n')
}).listen(Number(port), '127.0.0.1', 1024)
