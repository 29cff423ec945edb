// The next hop of a recipient as one string, which is also the key of a destination. The queue stores the string; delivery resolves it to
// hosts at each attempt, so that a changed peer list applies to queued messages.
//
//   mx:example.net              the MX hosts of a domain (RFC 5321 5.1)
//   peers:srs                   fleet nodes of a role, listed in `peers` of the configuration
//   smtp:[relay.example.net]:587  one host, no MX look-up; `smtp:relay.example.net` without brackets does MX
//   lmtp:[127.0.0.1]:24         one host over LMTP (RFC 2033)
//   lmtp:unix:/run/list.sock    LMTP over a unix socket
//   reports:store               the store of reports of this node, for the addresses of its section `reports`
//   probe:arrivals              where probes of the fleet end, for the address of the section `probe`

export type NextHop =
  | { readonly kind: 'mx'; readonly domain: string; readonly port: number }
  | { readonly kind: 'peers'; readonly role: string }
  | { readonly kind: 'host'; readonly protocol: 'smtp' | 'lmtp'; readonly host: string; readonly port: number }
  | { readonly kind: 'socket'; readonly protocol: 'lmtp'; readonly path: string }
  | { readonly kind: 'reports' }
  | { readonly kind: 'probe' }

/** The written form of the store of reports. */
export const REPORTS_HOP = 'reports:store'
/** The written form of the end of probes. */
export const PROBE_HOP = 'probe:arrivals'

/** RFC 5321 4.5.4.2. */
export const SMTP_PORT = 25
/** RFC 6409 3.1. */
const SUBMISSION_PORT = 587

/** The port of a fleet node whose port is not configured: the mta and submission nodes take mail from clients only. */
export function peerPort(role: string): number {
  return role === 'mta' || role === 'submission' ? SUBMISSION_PORT : SMTP_PORT
}
/** The usual port of LMTP servers; RFC 2033 forbids 25 and names none. */
const LMTP_PORT = 24

const hostSpec = /^(smtp|lmtp):\[([^\]]+)\](?::(\d{1,5}))?$/
const domainSpec = /^smtp:([^[\]:/]+)(?::(\d{1,5}))?$/

/** Reads the written form; null for another text. */
export function parseNextHop(text: string): NextHop | null {
  if (text === REPORTS_HOP) return { kind: 'reports' }
  if (text === PROBE_HOP) return { kind: 'probe' }
  if (text.startsWith('mx:') && text.length > 3)
    return { kind: 'mx', domain: text.slice(3).toLowerCase(), port: SMTP_PORT }
  if (text.startsWith('peers:') && text.length > 6) return { kind: 'peers', role: text.slice(6) }
  if (text.startsWith('lmtp:unix:/')) return { kind: 'socket', protocol: 'lmtp', path: text.slice('lmtp:unix:'.length) }
  const host = hostSpec.exec(text)
  if (host) return fixedHost(host[1] as 'smtp' | 'lmtp', host[2] as string, host[3])
  const domain = domainSpec.exec(text)
  if (!domain) return null
  const port = readPort(domain[2], SMTP_PORT)
  return port === null ? null : { kind: 'mx', domain: (domain[1] as string).toLowerCase(), port }
}

/** Writes the form that `parseNextHop` reads. */
export function formatNextHop(hop: NextHop): string {
  switch (hop.kind) {
    case 'mx':
      return hop.port === SMTP_PORT ? `mx:${hop.domain}` : `smtp:${hop.domain}:${hop.port}`
    case 'peers':
      return `peers:${hop.role}`
    case 'host':
      return `${hop.protocol}:[${hop.host}]:${hop.port}`
    case 'socket':
      return `lmtp:unix:${hop.path}`
    case 'reports':
      return REPORTS_HOP
    case 'probe':
      return PROBE_HOP
  }
}

function fixedHost(protocol: 'smtp' | 'lmtp', host: string, portText: string | undefined): NextHop | null {
  const port = readPort(portText, protocol === 'smtp' ? SMTP_PORT : LMTP_PORT)
  return port === null ? null : { kind: 'host', protocol, host: host.toLowerCase(), port }
}

function readPort(text: string | undefined, otherwise: number): number | null {
  if (text === undefined) return otherwise
  const port = Number(text)
  return port >= 1 && port <= 65535 ? port : null
}

/** Reads a next hop that people write: the stores of this node are next hops of the addresses in `reports` and `probe` only. */
export function parseWrittenHop(text: string): NextHop | null {
  const hop = parseNextHop(text)
  return hop?.kind === 'reports' || hop?.kind === 'probe' ? null : hop
}
