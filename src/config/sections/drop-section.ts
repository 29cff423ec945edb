// `drop`: the directory in which `waypost sendmail` leaves messages while the node is down.

import { z } from 'zod'
import { section } from '../section.ts'
import { path } from '../values.ts'

export const drop = section(
  z
    .strictObject({
      directory: path.describe(
        'Directory in which programs of this host leave messages while the node is down; the node takes them. Mode 3733, owned by the user and group of the node.',
      ),
    })
    .optional()
    .describe('Messages of `waypost sendmail`, for a role with a listener that admits local.'),
  (written, { locate }) => (written === undefined ? null : { directory: locate(written.directory) }),
)
