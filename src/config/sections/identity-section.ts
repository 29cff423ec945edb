// `identity`: what authenticated clients may write in the fields that name an author or a sender.

import { z } from 'zod'
import { plainSection } from '../section.ts'

export const identity = plainSection(
  z
    .strictObject({
      sender_fields: z
        .enum(['strip', 'refuse'], { error: 'one of strip, refuse' })
        .default('strip')
        .describe(
          'Sender, Resent-From and Resent-Sender fields with an address that the client may not use. ' +
            'strip: remove them before the signature (all Resent fields together); refuse: reject the message.',
        ),
      display_names: z
        .enum(['strip', 'refuse', 'allow'], { error: 'one of strip, refuse, allow' })
        .default('strip')
        .describe(
          'A name in From that contains an address that the client may not use. strip: write ` at ` in place of `@`; ' +
            'refuse: reject the message; allow: leave it.',
        ),
    })
    .prefault({})
    .describe('Names in the header of mail from authenticated clients.'),
)
