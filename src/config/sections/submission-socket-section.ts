// `submission_socket`: a Unix socket on which trusted programs of this host submit mail for users, such as `waypost sendmail --as` behind ssh.

import { z } from 'zod'
import { section } from '../section.ts'
import { path, text } from '../values.ts'

export const submission_socket = section(
  z
    .strictObject({
      path: path.describe(
        'Path of the socket. Its directory must exist and belong to root or to the user of the node.',
      ),
      group: text('the name or number of a group')
        .optional()
        .describe(
          'Group whose members may submit mail as any user of the node; default: root and the user of the node only. The node must be a member.',
        ),
    })
    .optional()
    .describe(
      'Unix socket on which programs name the user whose mail they submit (SASL EXTERNAL), for a role with a listener that admits users. The rights of the file decide who may connect.',
    ),
  (written, { locate }) =>
    written === undefined ? null : { path: locate(written.path), group: written.group ?? null },
)
