// One connection to one LDAP server: connected, secured by TLS, bound (RFC 4511, RFC 4513). The socket belongs to this file, so that it
// can be destroyed at any moment, whatever the library waits for.

import { connect as connectTcp, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { tlsFileOptions } from '../source-tls.ts'
import type { LdapServerSettings } from './ldap-settings.ts'
import { PagingClient } from './paging-client.ts'

export interface LdapConnection {
  readonly url: string
  readonly client: PagingClient
  /** False once the socket has closed: the library does not notice after StartTLS. */
  isOpen(): boolean
  /** Only a connection with a request under way keeps the process alive. */
  keepProcessAlive(isWanted: boolean): void
  destroy(): void
}

/** Starts to connect. `ready` rejects with the error of the server or the network; after `destroy` it may never settle. */
export function openConnection(
  url: string,
  settings: LdapServerSettings,
): { readonly connection: LdapConnection; readonly ready: Promise<void> } {
  const sockets: Socket[] = []
  const track = <T extends Socket>(socket: T): T => {
    sockets.push(socket)
    // Without a listener, an error after the library has removed its own would crash the process.
    socket.on('error', () => undefined)
    return socket
  }
  const tls = tlsOptions(url, settings)
  const client = new PagingClient({
    url,
    timeout: settings.timeoutMs,
    connectTimeout: settings.timeoutMs,
    strictDN: false,
    // With TLS options the library starts TLS on ldap:// too; for StartTLS they go to startTLS() instead.
    ...(url.startsWith('ldaps:') ? { tlsOptions: tls } : {}),
    createConnection: ((...args: Parameters<typeof connectTcp>) => track(connectTcp(...args))) as typeof connectTcp,
    createSecureConnection: ((...args: Parameters<typeof connectTls>) =>
      track(connectTls(...args))) as typeof connectTls,
  })
  const connection: LdapConnection = {
    url,
    client,
    isOpen: () => sockets.length > 0 && sockets.every((socket) => !socket.destroyed) && client.isConnected,
    keepProcessAlive: (isWanted) => {
      for (const socket of sockets) {
        if (isWanted) socket.ref()
        else socket.unref()
      }
    },
    destroy: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
  return { connection, ready: prepare(client, { url, settings, tls }) }
}

/** StartTLS and bind, one after the other: two requests at once on an unconnected client never end. */
async function prepare(
  client: PagingClient,
  by: { readonly url: string; readonly settings: LdapServerSettings; readonly tls: ConnectionOptions },
): Promise<void> {
  const { bind, startTls } = by.settings
  if (startTls && by.url.startsWith('ldap:')) await client.startTLS(by.tls)
  if (bind.kind === 'simple') await client.bind(bind.dn, bind.password)
  else if (bind.kind === 'external') await client.bind('EXTERNAL')
  else await client.bind('', '')
}

function tlsOptions(url: string, { tls }: LdapServerSettings): ConnectionOptions {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
  return {
    host,
    // An IP address is no server name (RFC 6066 3); it is compared with the certificate's addresses.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    minVersion: 'TLSv1.2',
    ...tlsFileOptions(tls),
  }
}
