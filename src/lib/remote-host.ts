// One form for the other end of a connection in ledger, log, replies and traces, so that one search finds a host everywhere.

/**
 * `mail.example.net[192.0.2.1]`, or `unknown[192.0.2.1]` without a confirmed name, as Postfix writes it. With the port that this node
 * connected to: `mail.example.net[192.0.2.1]:25`.
 */
export function remoteHost(name: string | null, address: string, port?: number): string {
  return `${name ?? 'unknown'}[${address}]${port === undefined ? '' : `:${port}`}`
}
