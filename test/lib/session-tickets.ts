// Counts the session tickets that a node sends. OpenSSL's client prints each handshake message that it receives.

import { spawn } from 'node:child_process'

/** Sends NOOP after the handshake, so that everything that the server sends after it has arrived before the 250. */
export function countTickets(
  { address, port }: { readonly address: string; readonly port: number },
  version: '-tls1_2' | '-tls1_3',
): Promise<number> {
  const at = `${address}:${port}`
  const client = spawn('openssl', ['s_client', '-connect', at, '-starttls', 'smtp', version, '-msg', '-crlf'])
  return new Promise((resolve, reject) => {
    let output = ''
    client.stdout.on('data', (text) => {
      output += String(text)
      if (!output.includes('250 2.0.0 OK')) return
      client.kill()
      resolve(output.split('NewSessionTicket').length - 1)
    })
    client.once('error', reject)
    client.once('close', () => reject(new Error(`openssl ended early:\n${output}`)))
    client.stdin.on('error', () => undefined)
    client.stdin.write('NOOP\n')
  })
}
