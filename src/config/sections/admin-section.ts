// `admin`: the HTTP server for operators.

import { z } from 'zod'
import { isLoopbackAddress } from '../../lib/ip-address.ts'

import { section, type SectionReader } from '../section.ts'
import { bindAddress, flag, hostName, network, path, text } from '../values.ts'

const proxySchema = z.strictObject({
  addresses: z
    .array(network)
    .default([])
    .describe('Addresses or networks of the reverse proxy. A proxy that connects to `admin.socket.path` needs none.'),
  header: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, { error: 'the name of a header field such as X-Remote-User' })
    .default('X-Remote-User')
    .describe('Header field in which the proxy names the operator. The proxy must remove it from requests of clients.'),
})

const loginSchema = z.strictObject({
  local: flag
    .default(false)
    .describe(
      'Operators without a login: every user of this host, or with a Unix socket those whom its rights admit. Only with a loopback address or a socket.',
    ),
  operators: path
    .optional()
    .describe('File of operators with their tokens and client certificates; `waypost operator-token` makes a line.'),
  proxy: proxySchema.optional().describe('Operators that a reverse proxy has authenticated.'),
})

const socketSchema = z.strictObject({
  path: path.describe('Path of the socket. Its directory must exist and belong to root or to the user of the node.'),
  group: text('the name or number of a group')
    .optional()
    .describe('Group whose members may connect; default: root and the user of the node. The node must be a member.'),
})

const schema = z.strictObject({
  listen: bindAddress.optional().describe('Address and port of /metrics, /healthz and the status page.'),
  socket: socketSchema.optional().describe('A Unix socket with the same pages.'),
  allow_remote: flag.default(false).describe('Permit an address other than loopback.'),
  tls: flag.default(false).describe('HTTPS with the certificate of the node (`tls`) at `admin.listen`.'),
  login: loginSchema
    .optional()
    .describe('Operators who may see the status page and act there. Without it there is no status page.'),
  names: z
    .array(hostName)
    .default([])
    .describe(
      'Further host names in the address of the status page. `hostname`, localhost and addresses always count.',
    ),
})

type Written = z.output<typeof schema>

export const admin = section(schema.optional().describe('HTTP server for operators.'), (written, reader) => {
  if (!written) return null
  const { listen, socket, login } = written
  if (!listen && !socket) reader.report([], 'found neither listen nor socket, expected at least one')
  if (listen && !written.allow_remote && !isLoopbackAddress(listen.host))
    reader.report(['listen'], `found ${listen.host}, expected a loopback address, or allow_remote: true beside it`)
  if (written.tls && !listen) reader.report(['tls'], 'found tls without listen, expected an address')
  checkLogin(written, reader)
  return {
    ...written,
    listen: listen ?? null,
    socket: socket ? { path: reader.locate(socket.path), group: socket.group ?? null } : null,
    login: login
      ? {
          ...login,
          operators: login.operators === undefined ? null : reader.locate(login.operators),
          proxy: login.proxy ?? null,
        }
      : null,
  }
})

/** Every way to the page needs a login, or must be one that the operator declared local. */
function checkLogin({ listen, socket, login, tls }: Written, reader: SectionReader): void {
  if (!login) return
  const { local, operators, proxy } = login
  const isRemote = listen !== undefined && !isLoopbackAddress(listen.host)
  if (!local && operators === undefined && !proxy)
    reader.report(['login'], 'found no login, expected operators, proxy, or local: true')
  if (local && proxy)
    reader.report(
      ['login', 'local'],
      'found local: true beside proxy, expected one of the two: what the proxy forwards is local too',
    )
  if (local && isRemote)
    reader.report(
      ['login', 'local'],
      `found local: true with ${listen.host}, expected operators or proxy, because other hosts reach it`,
    )
  if (operators !== undefined && isRemote && !tls)
    reader.report(
      ['login', 'operators'],
      'found operators with an address that other hosts reach, expected tls: true beside it',
    )
  if (proxy && proxy.addresses.length === 0 && !socket)
    reader.report(['login', 'proxy', 'addresses'], 'found no address, expected those of the proxy, or admin.socket')
}
