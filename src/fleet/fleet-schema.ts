// The schema of a fleet file: all nodes of an organisation in one YAML file. docs/reference/fleet.md and docs/fleet.schema.json are generated
// from it.

import { z } from 'zod'
import { asciiDomain } from '../smtp/domain.ts'
import { fingerprint, hostName, ipAddress, path, text } from '../config/values.ts'

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

const node = z.strictObject({
  role: text('mx, srs, submission, mta, client, solo, or the path of a role file').describe(
    'Role of the node: the name of a shipped role, or the path of a role file.',
  ),
  hostname: hostName.optional().describe('Host name; default: the name of the node in the main domain.'),
  addresses: z
    .array(ipAddress, { error: 'a list of IP addresses' })
    .default([])
    .describe('Public addresses of the host name, in the DNS.'),
  sources: z
    .array(ipAddress, { error: 'a list of IP addresses' })
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

export const fleetSchema = z.strictObject({
  domain: domainName.describe("The organisation's main mail domain."),
  srs: z
    .strictObject({ domain: domainName.describe('Domain of rewritten senders, outside the other domains.') })
    .optional()
    .describe('Sender Rewriting Scheme; required if a node forwards mail.'),
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

export type FleetFile = z.output<typeof fleetSchema>
