// Header fields with the result of the spam filter for mail programs. Only fleet nodes write them: fields of other senders are removed.
// Symbols are omitted, because a spammer could tune messages with them through a forward to the spammer's own mailbox. Subject: stays
// unchanged, because it is signed (RFC 6376 5.4.1).

import { writeField } from './field.ts'

/** Names in lower case of the fields that are removed before the node adds its own. */
export const spamFieldKeys: readonly string[] = ['x-spam-status', 'x-spam-flag']

/** The fields of one message. `required` is the score at which the filter rejects. */
export function writeSpamFields(found: {
  readonly isSpam: boolean
  readonly score: string
  readonly required: string | null
}): Buffer {
  const { isSpam, score, required } = found
  const status = `${isSpam ? 'Yes' : 'No'}, score=${score}${required === null ? '' : ` required=${required}`}`
  return Buffer.concat([writeField('X-Spam-Status', status), ...(isSpam ? [writeField('X-Spam-Flag', 'YES')] : [])])
}
