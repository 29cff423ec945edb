// The fields that tell people's mail programs what the spam filter found. Only a node of ours may have written them: those of strangers go.
// Symbols stay out: who mails himself through a forward could tune his spam by them. Subject: is never touched, it is signed (RFC 6376 5.4.1).

import { writeField } from './field.ts'

/** Taken out before ours are written; lower case. */
export const spamFieldKeys: readonly string[] = ['x-spam-status', 'x-spam-flag']

/** The fields of one mail; `required` is the score from which on the filter refuses. */
export function writeSpamFields(found: {
  readonly isSpam: boolean
  readonly score: string
  readonly required: string | null
}): Buffer {
  const { isSpam, score, required } = found
  const status = `${isSpam ? 'Yes' : 'No'}, score=${score}${required === null ? '' : ` required=${required}`}`
  return Buffer.concat([writeField('X-Spam-Status', status), ...(isSpam ? [writeField('X-Spam-Flag', 'YES')] : [])])
}
