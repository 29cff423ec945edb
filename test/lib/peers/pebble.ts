// Pebble, the certificate authority for tests of Let's Encrypt: an ACME server on loopback that checks names with the DNS of the test.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Authority } from '../../../src/demo/ca.ts'
import { freePort } from '../free-port.ts'
import { until } from '../until.ts'

export interface PebbleOptions {
  /** Of its HTTPS server. */
  readonly ca: Authority
  /** `host:port` of the DNS server that it asks. */
  readonly dns: string
  /** Percent of nonces that it rejects on purpose; 0 by default. */
  readonly nonceReject?: number
  /** MAC keys by key ID, base64url; then it wants a binding. */
  readonly external?: Readonly<Record<string, string>>
}

export interface Pebble {
  readonly directory: string
  /** The port at which it asks for HTTP-01 answers. */
  readonly httpPort: number
  output(): string
  close(): void
}

export async function startPebble({ ca, dns, external, nonceReject = 0 }: PebbleOptions): Promise<Pebble> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-pebble-'))
  const [port, management, httpPort, tlsPort] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  const issued = ca.issue({ names: ['localhost'], ips: ['127.0.0.1'] })
  writeFileSync(join(folder, 'cert.pem'), issued.certificate)
  writeFileSync(join(folder, 'key.pem'), issued.key)
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: join(folder, 'cert.pem'),
    privateKey: join(folder, 'key.pem'),
    httpPort,
    tlsPort,
    externalAccountBindingRequired: external !== undefined,
    ...(external && { externalAccountMACKeys: external }),
  }
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ pebble }))
  const child: ChildProcess = spawn('pebble', ['-config', join(folder, 'config.json'), '-dnsserver', dns], {
    env: {
      PATH: process.env['PATH'],
      PEBBLE_VA_NOSLEEP: '1',
      PEBBLE_WFE_NONCEREJECT: String(nonceReject),
      PEBBLE_AUTHZREUSE: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece: Buffer) => (output += String(piece)))
  const directory = `https://127.0.0.1:${port}/dir`
  await until(() => answers(directory, ca.certificate), { what: 'pebble to answer' })
  return {
    directory,
    httpPort,
    output: () => output,
    close: () => {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function answers(url: string, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const outgoing = request(url, { ca, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    outgoing.on('error', () => resolve(false))
    outgoing.end()
  })
}
