// Keys of mail authentication: DKIM keys, ARC seals, the result of DMARC, and the name in Authentication-Results.

import { z } from 'zod'
import { plainSection, section } from '../section.ts'
import { flag, hostName, path } from '../values.ts'

export const dkim = section(
  z
    .strictObject({ keys: path.describe('Directory of signing keys.') })
    .optional()
    .describe('DKIM signatures.'),
  (written, { locate }) => written && { keys: locate(written.keys) },
)

export const arc = plainSection(
  z
    .strictObject({
      seal: flag
        .default(false)
        .describe('Add an ARC set (RFC 8617) with the results of the checks to forwarded mail, sealed with our key.'),
    })
    .prefault({})
    .describe('ARC seals of forwarded mail.'),
)

export const authserv_id = plainSection(
  hostName.optional().describe('Identity in Authentication-Results, the same on all nodes; default: the main domain.'),
)

export const dmarc = plainSection(
  z
    .strictObject({
      reject: flag
        .default(false)
        .describe(
          'Reject mail that fails a DMARC policy of reject, and mail with several author domains, to which no policy applies.',
        ),
    })
    .prefault({})
    .describe('Treatment of DMARC results.'),
)
