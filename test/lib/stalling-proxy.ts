// A TCP proxy on loopback that can stop passing octets on, as a hung server or a firewall that forgets does: connections stay open.

import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

export interface StallingProxy {
  readonly port: number
  /** `pass`: both ways; `stall`: nothing moves; `cut`: everything up to `after` octets of an answer, then the end. */
  mode: { readonly kind: 'pass' | 'stall' } | { readonly kind: 'cut'; readonly after: number }
  /** Connections taken so far. */
  readonly taken: number
  close(): Promise<void>
}

export async function startStallingProxy(target: number): Promise<StallingProxy> {
  const sockets = new Set<Socket>()
  let taken = 0
  const proxy: { mode: StallingProxy['mode'] } = { mode: { kind: 'pass' } }
  const server = createServer((client) => {
    taken += 1
    const upstream = connect(target, '127.0.0.1')
    let passed = 0
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (octets) => {
      if (proxy.mode.kind !== 'stall') upstream.write(octets)
    })
    upstream.on('data', (octets: Buffer) => {
      const { mode } = proxy
      if (mode.kind === 'stall') return
      const part = mode.kind === 'cut' ? octets.subarray(0, Math.max(0, mode.after - passed)) : octets
      passed += octets.length
      client.write(part)
      if (mode.kind === 'cut' && passed >= mode.after) client.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  return {
    port: (server.address() as AddressInfo).port,
    get mode() {
      return proxy.mode
    },
    set mode(mode) {
      proxy.mode = mode
    },
    get taken() {
      return taken
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
