// One connection to one LDAP server, ready for work when it is handed out: connected, secured, bound. Its socket is ours, so that it can be
// ended at any moment, whatever the library waits for. Room: directory. RFC 4511, RFC 4513.

import { connect as connectTcp, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import type { LdapServerSettings } from './ldap-settings.ts'
import { PagingClient } from './paging-client.ts'

export interface LdapConnection {
  readonly url: string
  readonly client: PagingClient
  /** False once the socket has closed: the library does not notice after StartTLS. */
  isOpen(): boolean
  /** Whether it keeps the process alive: only while somebody waits for an answer. */
  hold(wanted: boolean): void
  /** Ends it at once. */
  destroy(): void
}

/** Begins to connect. `ready` rejects with what the server or the network said; it may never settle once `destroy` was called. */
export function openConnection(
  url: string,
  settings: LdapServerSettings,
): { readonly connection: LdapConnection; readonly ready: Promise<void> } {
  const sockets: Socket[] = []
  const keep = <T extends Socket>(socket: T): T => {
    sockets.push(socket)
    // Without a listener an error after the library has let go would end the process.
    socket.on('error', () => undefined)
    return socket
  }
  const tls = tlsOptions(url, settings)
  const client = new PagingClient({
    url,
    timeout: settings.timeoutMs,
    connectTimeout: settings.timeoutMs,
    strictDN: false,
    // On ldap:// the library takes any TLS option for a wish to start with TLS: they go to startTLS instead.
    ...(url.startsWith('ldaps:') ? { tlsOptions: tls } : {}),
    createConnection: ((...args: Parameters<typeof connectTcp>) => keep(connectTcp(...args))) as typeof connectTcp,
    createSecureConnection: ((...args: Parameters<typeof connectTls>) =>
      keep(connectTls(...args))) as typeof connectTls,
  })
  const connection: LdapConnection = {
    url,
    client,
    isOpen: () => sockets.length > 0 && sockets.every((socket) => !socket.destroyed) && client.isConnected,
    hold: (wanted) => {
      for (const socket of sockets) {
        if (wanted) socket.ref()
        else socket.unref()
      }
    },
    destroy: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
  return { connection, ready: prepare(client, { url, settings, tls }) }
}

/** Everything before the first question. One step after the other: two at once on an unconnected client never end. */
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
    // An address is no server name (RFC 6066 3), but is compared with the certificate's addresses.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    minVersion: 'TLSv1.2',
    ...(tls.ca === null ? {} : { ca: tls.ca }),
    ...(tls.certificate === null || tls.key === null ? {} : { cert: tls.certificate, key: tls.key }),
  }
}
