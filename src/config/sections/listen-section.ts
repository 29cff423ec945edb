// Where the listeners of the role bind on this node, the load balancers in front of them, and the files of the clients that may submit mail.

import { z } from 'zod'
import { checkModes } from '../check-modes.ts'
import type { CheckModes } from '../check-modes.ts'
import { pathSection, section } from '../section.ts'
import { bindAddress, network, path } from '../values.ts'
import { reportWideNetworks } from '../wide-networks.ts'

const addressOnly = bindAddress.transform((address) => ({
  address,
  proxy: [] as string[],
  xclient: [] as string[],
  xforward: [] as string[],
  networks: [] as string[],
  checks: {} as CheckModes,
}))

const withBalancers = z.strictObject({
  address: bindAddress.optional().describe('Address and port; default: as in the role file.'),
  proxy: z
    .array(network)
    .default([])
    .describe(
      'Addresses or networks of the load balancers that send a PROXY header (version 1 or 2). Their connections need one, and the client that it names counts. From all others the header is refused.',
    ),
  xclient: z
    .array(network)
    .default([])
    .describe(
      'Addresses or networks of the hosts that may name their clients with XCLIENT, such as another mail server.',
    ),
  xforward: z
    .array(network)
    .default([])
    .describe(
      'Addresses or networks of the hosts that may say with XFORWARD where they have a message from. It is recorded and gives no rights.',
    ),
  networks: z
    .array(network)
    .default([])
    .describe(
      'The only networks from which clients may connect, such as those of a VPN; empty for any. Not for a listener that admits the internet.',
    ),
  checks: checkModes.describe('Modes of checks on this listener, in place of those of `checks`.'),
})

const listener = z.union([addressOnly, withBalancers], {
  error:
    'an address and port such as 127.0.0.1:2525, [::1]:2525 or *:25, or { address, proxy, xclient, xforward, networks, checks }',
})

/** Whether the role has these listeners is checked in ../listeners.ts. */
export const listen = section(
  z
    .record(z.string(), listener)
    .default({})
    .describe("Address and port of the role's listeners, by listener name; default: as in the role file."),
  (written, reader) => {
    for (const [name, listener] of Object.entries(written))
      for (const key of ['proxy', 'xclient'] as const)
        reportWideNetworks(listener[key], 'these hosts name the client of each connection', (finding) =>
          reader.report([name, key], finding),
        )
    return written
  },
)

export const users = pathSection(path.optional().describe('passwd-file of the users who may submit mail.'))

export const app_passwords = pathSection(
  path
    .optional()
    .describe('File of the app passwords of users, which `waypost passwd app` writes: secrets for single programs.'),
)

export const machines = pathSection(
  path
    .optional()
    .describe(
      'YAML file of the machines that may submit mail, or a folder of such files, for example one for each machine.',
    ),
)
