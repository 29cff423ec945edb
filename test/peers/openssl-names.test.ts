// `openssl s_client -servername`: the certificates by name, with STARTTLS and implicit TLS, of a listener and of a type of key.

import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { createAuthority } from '../../src/demo/ca.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { startTestListener } from '../lib/test-listener.ts'

const run = promisify(execFile)
const authority = createAuthority('Names')
const rsaKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
const material = {
  ...authority.issue({ names: ['mx.example.org'] }),
  ca: null,
  more: [
    authority.issue({ names: ['*.example.net'] }),
    authority.issue({ names: ['mx.example.org'], key: String(rsaKey) }),
  ],
}

describe.runIf(ensurePeers(['openssl']))('openssl s_client', () => {
  let close: () => Promise<void>
  afterEach(() => close())

  it.each(['starttls', 'implicit'] as const)('gets the certificate for its name (%s)', async (tls) => {
    const server = await startTestListener({ settings: { tls }, certificate: { value: material } })
    close = () => server.close()
    const start = tls === 'starttls' ? ['-starttls', 'smtp'] : []
    const subject = async (...options: string[]) => {
      const at = ['s_client', '-connect', `127.0.0.1:${server.port}`, ...start, ...options]
      const running = run('openssl', at)
      running.child.stdin?.end('QUIT\r\n')
      const { stdout } = await running
      return [/^subject=.*CN ?= ?(.*)$/m.exec(stdout)?.[1], /^Server public key is (\d+) bit$/m.exec(stdout)?.[1]]
    }
    expect(await subject('-noservername')).toEqual(['mx.example.org', '256'])
    expect(await subject('-servername', 'far.example')).toEqual(['mx.example.org', '256'])
    expect(await subject('-servername', 'mail.example.net')).toEqual(['*.example.net', '256'])
    expect(await subject('-servername', 'a.mail.example.net')).toEqual(['mx.example.org', '256'])
    const rsa = ['-sigalgs', 'rsa_pss_rsae_sha256']
    expect(await subject('-servername', 'mx.example.org', ...rsa)).toEqual(['mx.example.org', '2048'])
    expect(await subject('-noservername', ...rsa)).toEqual(['mx.example.org', '2048'])
  })
})
