// Files with routing data, the facts for their interpolation, and the smarthost.

import { z } from 'zod'
import { parseWrittenHop } from '../../smtp/nexthop.ts'
import { pathSection, plainSection, section } from '../section.ts'
import { path, text } from '../values.ts'

export const hiera = pathSection(path.optional().describe('hiera.yaml of the routing data.'))

export const mail = section(
  z
    .array(path, { error: 'a list of paths' })
    .default([])
    .describe(
      'Other routing data: YAML files, aliases(5) files, folders of per-host fragments, TOML files of users and teams.',
    ),
  (written, { locate }) => written.map(locate),
)

export const facts = plainSection(
  z.record(z.string(), z.unknown()).default({}).describe('Facts for the interpolation of Hiera paths.'),
)

export const smarthost = section(
  text('a next hop such as smtp:[relay.example.net]:587')
    .optional()
    .describe('Next hop of all mail to foreign domains.'),
  (written, reader) => {
    if (written !== undefined && !parseWrittenHop(written))
      reader.report(
        [],
        `found "${written}", expected a next hop such as smtp:[relay.example.net]:587 or mx:example.net`,
      )
    return written
  },
)
