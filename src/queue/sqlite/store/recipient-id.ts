// The row id of a recipient is made of its message's id and its ordinal, so the recipients of a message are neighbours in the table and need
// no index.

/** Most recipients of one message; far above what SMTP limits and routing allow. */
export const RECIPIENTS_PER_MESSAGE = 65_536

/** The row id of a message's recipient; exact up to 2^37 messages. */
export function recipientId(message: number, ordinal: number): number {
  return message * RECIPIENTS_PER_MESSAGE + ordinal
}

export function messageOf(recipient: number): number {
  return Math.floor(recipient / RECIPIENTS_PER_MESSAGE)
}

export function firstRecipientId(message: number): number {
  return message * RECIPIENTS_PER_MESSAGE
}

export function lastRecipientId(message: number): number {
  return message * RECIPIENTS_PER_MESSAGE + RECIPIENTS_PER_MESSAGE - 1
}
