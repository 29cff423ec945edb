// `local_names`: how addresses that only this host knows are written in mail of its programs. For roles with the check local-names.

import { z } from 'zod'
import { asciiDomain } from '../../smtp/domain.ts'
import { section } from '../section.ts'
import { flag, hostName, text } from '../values.ts'

export const local_names = section(
  z
    .strictObject({
      rewrite: flag
        .default(false)
        .describe(
          'Replace the name of this host, and the names in `hosts`, by `domain`: in the envelope and in the address fields of the header. The field X-Originating-Host then names the host. ' +
            'Without it only incomplete addresses change: `root` as a sender becomes `root@` with `hostname`, as a recipient `root@` with `domain`.',
        ),
      domain: hostName.optional().describe('Domain of the rewritten addresses; default: `domain` of the node.'),
      hosts: z
        .array(text('a host name, or *.domain'))
        .default([])
        .describe(
          'Other host names that are replaced, such as those of containers; `*.internal.example.org` for all below.',
        ),
    })
    .prefault({})
    .describe('Addresses in mail from programs of this host.'),
  (written, { report }) => {
    for (const [index, host] of written.hosts.entries())
      if (asciiDomain(host.replace(/^\*\./, '')) === null)
        report(['hosts', index], `found "${host}", expected a host name, or a domain after "*."`)
    return written
  },
)
