// The schema of a fleet file: all nodes of an organisation in one YAML file. docs/reference/fleet.md and docs/fleet.schema.json are generated
// from it.

import { SocketAddress } from 'node:net'
import { z } from 'zod'
import { asciiDomain } from '../smtp/domain.ts'
import { duration, fingerprint, hostName, serverAddress, ipAddress, path, text } from '../config/values.ts'

const DOMAIN_EXPECTED = 'a domain such as example.org'
/** With A-labels, from a domain with A-labels or U-labels. */
const domainName = z.string({ error: DOMAIN_EXPECTED }).transform((written, context) => {
  const domain = asciiDomain(written.replace(/\.$/, ''))
  if (domain?.includes('.')) return domain
  context.addIssue({ code: 'custom', message: DOMAIN_EXPECTED })
  return z.NEVER
})

/** Checked as a part of the generated node.yaml, so that one schema describes each key. */
const settings = z.record(z.string(), z.unknown(), { error: 'a map of keys of node.yaml' }).default({})

/** In the form of RFC 5952, as the DNS tools print it. */
const publicAddress = ipAddress.transform((address) =>
  address.includes(':') ? new SocketAddress({ address, family: 'ipv6' }).address : address,
)

const node = z.strictObject({
  role: text('mx, srs, submission, mta, client, solo, or the path of a role file').describe(
    'Role of the node: the name of a shipped role, or the path of a role file.',
  ),
  hostname: hostName.optional().describe('Host name; default: the name of the node in the main domain.'),
  preference: z
    .int({ error: 'a whole number from 0 to 65535' })
    .min(0, { error: 'a whole number from 0 to 65535' })
    .max(65_535, { error: 'a whole number from 0 to 65535' })
    .default(10)
    .describe('Preference in MX records: senders try the lowest first.'),
  addresses: z
    .array(publicAddress, { error: 'a list of IP addresses' })
    .default([])
    .describe('Public addresses of the host name, in the DNS.'),
  sources: z
    .array(publicAddress, { error: 'a list of IP addresses' })
    .optional()
    .describe('Public addresses that the mail of the node leaves from; default: `addresses`.'),
  certificate: path
    .optional()
    .describe('PEM file: the certificate of the node. Other nodes recognise the node by its public key.'),
  public_keys: z
    .array(fingerprint, { error: 'a list of fingerprints' })
    .default([])
    .describe(
      'SHA-256 of public keys of the node, beside that of `certificate`: the next key, before its certificate is used.',
    ),
  config: path.optional().describe('node.yaml of the node; default: `NAME/node.yaml` beside the fleet file.'),
  settings: settings.describe('Keys of node.yaml for this node. They complete those of its role and of all nodes.'),
})

const REPORT_URI = 'mailto:ADDRESS or https://URL'
const reportUri = z
  .string({ error: REPORT_URI })
  .regex(/^(?:mailto:[^\s@,;!]+@[^\s@,;!]+|https:\/\/[^\s,;!]+)$/, { error: REPORT_URI })

const address = z.string({ error: 'a mail address' }).regex(/^[^\s@,;!]+@[^\s@,;!]+$/, { error: 'a mail address' })

/** RFC 9989 4.7: the policies of a domain owner. */
const dmarcPolicy = z.enum(['none', 'quarantine', 'reject'], { error: 'one of none, quarantine, reject' })

const domainRecords = {
  spf: z
    .strictObject({
      by: z
        .enum(['addresses', 'names'], { error: 'one of addresses, names' })
        .default('addresses')
        .describe('Name the sending nodes by ip4: and ip6:, or by a:, which costs one of ten look-ups for each.'),
      include: z.array(domainName).default([]).describe('Domains of other services that send for us.'),
      all: z
        .enum(['fail', 'softfail'], { error: 'one of fail, softfail' })
        .default('fail')
        .describe('Result for every other host: -all or ~all.'),
    })
    .optional()
    .describe('SPF.'),
  dmarc: z
    .strictObject({
      policy: dmarcPolicy.describe('Policy for mail that fails; the start is none.'),
      subdomains: dmarcPolicy.optional().describe('Policy for subdomains; default: as `policy`.'),
      reports: z.array(address).default([]).describe('Addresses of aggregate reports.'),
    })
    .optional()
    .describe('DMARC; default: none, and reject for the SRS domain and for domains that send nothing.'),
  mta_sts: z
    .strictObject({
      mode: z.enum(['testing', 'enforce', 'none'], { error: 'one of testing, enforce, none' }).describe('Mode.'),
      max_age: duration.prefault('7d').describe('Time that senders keep the policy.'),
      host: hostName
        .optional()
        .describe('Host that serves the policy over HTTPS; default: the nodes in the MX records.'),
    })
    .optional()
    .describe('MTA-STS.'),
  tls_reports: z.array(reportUri).optional().describe('Where others report failures of TLS (TLSRPT).'),
  caa: z.array(domainName).optional().describe('Certificate authorities that may issue certificates.'),
}

const domainSchema = z.strictObject({
  mx: z
    .array(z.string())
    .optional()
    .describe('Nodes in the MX records; default: those of the roles mx and solo. Empty: the domain receives no mail.'),
  senders: z
    .array(z.string())
    .optional()
    .describe('Nodes that send as the domain; default: those whose role sends to the internet.'),
  ...domainRecords,
})

const ZONE_EXPECTED = '{ server, key } for dynamic updates, or { command }'
const zone = z.union(
  [
    z.strictObject({
      server: serverAddress.describe('Primary server of the zone, which takes dynamic updates (RFC 2136).'),
      key: path.optional().describe('File with its TSIG key, as tsig-keygen or keymgr -t writes it.'),
    }),
    z.strictObject({
      command: z
        .array(text('a program and its arguments'), { error: 'a list: a program and its arguments' })
        .min(1)
        .describe('Program with its arguments; it gets the changes as JSON on its standard input.'),
      server: serverAddress
        .optional()
        .describe('Server that is asked for the present records; default: one of the NS records.'),
    }),
  ],
  { error: ZONE_EXPECTED },
)

export const fleetSchema = z.strictObject({
  domain: domainName.describe("The organisation's main mail domain."),
  srs: z
    .strictObject({ domain: domainName.describe('Domain of rewritten senders, outside the other domains.') })
    .optional()
    .describe('Sender Rewriting Scheme; required if a node forwards mail.'),
  domains: z
    .record(z.string(), domainSchema, { error: 'a map of domains' })
    .default({})
    .describe('Further mail domains, and exceptions of all domains.'),
  records: z
    .strictObject({
      ttl: duration.prefault('1h').describe('Time that resolvers keep the records.'),
      tlsa: z
        .enum(['mx', 'all'], { error: 'one of mx, all' })
        .default('mx')
        .describe(
          'TLSA records of the nodes. mx: for the port of nodes that receive mail from the internet; all: for every port with TLS at which people and machines log in too.',
        ),
      ...domainRecords,
    })
    .prefault({})
    .describe('DNS records of all domains.'),
  zones: z
    .record(z.string(), zone, { error: 'a map of zones' })
    .default({})
    .describe('How `waypost dns publish` changes each zone.'),
  dkim_keys: z
    .array(path, { error: 'a list of paths' })
    .optional()
    .describe('Directories of DKIM keys; default: those of the nodes that sign, beside their node.yaml.'),
  nodes: z
    .record(z.string(), node, { error: 'a map of nodes' })
    .refine((nodes) => Object.keys(nodes).length > 0, { error: 'at least one node' })
    .describe('The nodes, by name.'),
  settings: settings.describe('Keys of node.yaml for all nodes. `null` removes a key that the fleet file would write.'),
  roles: z
    .record(z.string(), settings, { error: 'a map of roles' })
    .default({})
    .describe('Keys of node.yaml for the nodes of a role, by the name of the role.'),
})

/** What the file says about a domain. */
export type DomainFile = z.output<typeof domainSchema>

export type FleetFile = z.output<typeof fleetSchema>
