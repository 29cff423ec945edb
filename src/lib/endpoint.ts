// A host and port in the written form `host:port`.

import { isIP } from 'node:net'

export interface Endpoint {
  readonly host: string
  readonly port: number
}

const HIGHEST_PORT = 65_535

/** Reads `host:port`, `192.0.2.1:25` or `[2001:db8::1]:25`; null for anything else. The host name is not checked. */
export function readEndpoint(text: string, leastPort = 1): Endpoint | null {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  if (!match) return null
  // Brackets are for IPv6 addresses (RFC 3986 3.2.2).
  if (match[1] !== undefined && isIP(match[1]) !== 6) return null
  const port = Number(match[3])
  return port >= leastPort && port <= HIGHEST_PORT ? { host: (match[1] ?? match[2]) as string, port } : null
}

/** Writes `host:port`, an IPv6 address in brackets. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
}
