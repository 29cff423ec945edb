// sendmail -bs: an SMTP dialogue on standard input and output, carried to the node. There is no drop directory behind it, because the
// caller gets the replies of the node.

import { connect } from 'node:net'
import { EX_OK, EX_TEMPFAIL } from '../../sendmail/exit-codes.ts'
import type { Place } from '../../sendmail/smtp-session.ts'
import { type Io, line } from '../io.ts'

export function relayDialogue(place: Place, { stdin, stdout }: Io): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect(place.kind === 'tcp' ? { host: place.host, port: place.port } : { path: place.path })
    let connected = false
    socket.once('connect', () => {
      connected = true
      stdin.pipe(socket)
      socket.pipe(stdout, { end: false })
    })
    socket.on('error', () => undefined)
    socket.once('close', (failed) => {
      stdin.unpipe(socket)
      stdin.pause()
      if (!connected) line(stdout, '421 4.3.2 The mail server on this machine does not answer\r')
      resolve(connected && !failed ? EX_OK : EX_TEMPFAIL)
    })
  })
}
