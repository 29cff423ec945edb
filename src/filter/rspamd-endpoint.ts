// Where a rspamd worker listens: `http://host:port` or `unix:/path`.

import type { RequestOptions } from 'node:http'

export interface RspamdEndpoint {
  /** As configured, for causes. */
  readonly url: string
  readonly target: Pick<RequestOptions, 'host' | 'port' | 'socketPath'>
}

/** The port that a URL leaves out. */
const HTTP = 80

/** The place a URL names; the configuration has checked its form. */
export function endpointOf(url: string): RspamdEndpoint {
  if (url.startsWith('unix:')) return { url, target: { socketPath: url.slice('unix:'.length) } }
  const { hostname, port } = new URL(url)
  return { url, target: { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? HTTP : Number(port) } }
}
