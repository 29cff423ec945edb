// `autoconfig`: the settings that mail programs can ask for.

import { z } from 'zod'
import { section } from '../section.ts'
import { bindAddress, hostName, text } from '../values.ts'

const IMPLICIT_PORTS = { imap: 993, pop3: 995 } as const
const STARTTLS_PORTS = { imap: 143, pop3: 110 } as const
/** Each domain needs names in the DNS and in the certificate. */
const MAX_DOMAINS = 100

const loginName = z.enum(['address', 'local-part'], { error: 'one of address, local-part' })
const tls = z.enum(['implicit', 'starttls'], { error: 'one of implicit, starttls' })

const incoming = z.strictObject({
  protocol: z.enum(['imap', 'pop3'], { error: 'one of imap, pop3' }),
  server: hostName.describe('Host name of the server.'),
  tls: tls.default('implicit').describe('implicit: TLS from the first octet; starttls.'),
  port: z
    .int({ error: 'a port' })
    .min(1, { error: 'a port' })
    .max(65_535, { error: 'a port' })
    .optional()
    .describe('Port; the usual one of the protocol if absent.'),
  login: loginName.default('address').describe('The user name there: the address, or its part before the @.'),
})

const schema = z.strictObject({
  listen: bindAddress
    .optional()
    .describe(
      'Address and port of an HTTPS listener that answers mail programs, such as *:443. Without it, `waypost autoconfig` prints the files.',
    ),
  https_host: hostName
    .optional()
    .describe('Host name of the HTTPS service, in DNS records and links; that of the node if absent.'),
  server: hostName.optional().describe('Host name for outgoing mail; that of the node if absent.'),
  name: text('a name')
    .max(100, { error: 'at most 100 characters' })
    .optional()
    .describe('Name of the service; the main domain if absent.'),
  domains: z
    .array(hostName)
    .min(1, { error: 'at least one domain' })
    .max(MAX_DOMAINS, { error: `at most ${MAX_DOMAINS} domains` })
    .optional()
    .describe('Domains of the addresses, the main one first; the main domain of the node if absent.'),
  login: loginName
    .default('address')
    .describe('The user name for outgoing mail: the address, or its part before the @.'),
  incoming: incoming
    .optional()
    .describe(
      'The server where users read their mail, if all have the same. Without it, programs get an outgoing server only.',
    ),
  help: z
    .url({ protocol: /^https?$/, error: 'a URL' })
    .optional()
    .describe('A page for people, in the files and on the page of the listener.'),
})

export const autoconfig = section(
  schema.optional().describe('Automatic configuration of mail programs.'),
  (written) => {
    if (written === undefined) return null
    const { incoming: server, ...rest } = written
    if (server === undefined) return { ...rest, incoming: null }
    const ports = server.tls === 'implicit' ? IMPLICIT_PORTS : STARTTLS_PORTS
    return { ...rest, incoming: { ...server, port: server.port ?? ports[server.protocol] } }
  },
)
