// The header of the PROXY protocol, with which a load balancer names the client of a connection. Its specification is
// https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt ("the specification" in this folder); there is no RFC.

export type ProxyHeader =
  /** The octets so far are the start of a header. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly reason: string }
  | {
      readonly kind: 'complete'
      /** Octets of the header; what follows belongs to the client. */
      readonly length: number
      /** Null if the connection is the balancer's own: a health check (`LOCAL`), or `UNKNOWN`. */
      readonly client: { readonly ip: string; readonly port: number } | null
    }

export const incomplete: ProxyHeader = { kind: 'incomplete' }

export function malformed(reason: string): ProxyHeader {
  return { kind: 'malformed', reason }
}
