// `forwards`: what happens to mail that leaves our domains with an author of another domain.

import { z } from 'zod'
import { plainSection } from '../section.ts'
import { hostName, spamScore } from '../values.ts'

/**
 * rspamd marks a message as spam from this score on (add_header in its conf/actions.conf; it rejects from 15 on). Large providers
 * judge a forwarder by the spam that it forwards.
 */
const DEFAULT_SPAM_CEILING = 6

export const forwards = plainSection(
  z
    .strictObject({
      when_dmarc_would_fail: z
        .enum(['pass', 'rewrite-from', 'wrap', 'reject'], { error: 'one of pass, rewrite-from, wrap, reject' })
        .default('rewrite-from')
        .describe(
          'Treatment of mail that passed DMARC here and would fail at the destination. pass: forward it unchanged; ' +
            'rewrite-from: replace its From with an address of ours; wrap: attach it to a message of ours; reject: reject it. ' +
            'The routing data of a forward take precedence.',
        ),
      domain: hostName
        .optional()
        .describe('Domain of rewritten authors; one of our keys must sign for it. Default: the SRS domain.'),
      spam_ceiling: spamScore
        .prefault(DEFAULT_SPAM_CEILING)
        .describe(
          'Mail with this spam score or more is not forwarded; `none`: no limit. The routing data of a forward or destination take precedence.',
        ),
    })
    .prefault({})
    .describe('Forwarding of mail with an author of another domain.'),
)
