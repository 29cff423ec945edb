// Config → the settings of the status page.

import { isIP } from 'node:net'
import type { Config } from '../config/config.ts'
import { isLoopbackHost, networkMatcher } from '../lib/ip-address.ts'
import type { LoginSettings } from '../status/operator-login.ts'

export interface StatusSettings {
  readonly login: LoginSettings
  /** Whether a Host field, in lower case and with its port, names this page. */
  readonly isOwnHost: (authority: string) => boolean
}

/** Null without `admin.login`. */
export function statusSettings({ admin, hostname }: Pick<Config, 'admin' | 'hostname'>): StatusSettings | null {
  if (!admin?.login) return null
  const { local, operators, proxy } = admin.login
  const names = new Set([hostname, ...admin.names])
  const isProxy = proxy && networkMatcher(proxy.addresses)
  // The rights of the socket decide which program is the proxy.
  const hasSocket = admin.socket !== null
  return {
    login: {
      local,
      operators,
      proxy: isProxy && { header: proxy.header, isProxy: (ip) => (ip === null ? hasSocket : isProxy(ip)) },
    },
    isOwnHost: (authority) => {
      const host = hostOf(authority)
      // A page of a stranger can point its own name to this address, but it has no name that is an address (DNS rebinding).
      return host === 'localhost' || isIP(host) !== 0 || isLoopbackHost(host) || names.has(host)
    },
  }
}

/** Without port and brackets. */
function hostOf(authority: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(authority)?.[1] ?? authority.replace(/:\d+$/, '')
}
