// RCPT TO (RFC 5321 4.1.1.3). Syntax, order and number here; the hook resolves and may refuse.
// The same forward-path twice in one transaction is one recipient, and the second RCPT gets 250 as well.

import { formatMailbox } from '../../smtp/mailbox.ts'
import { parseRecipientParameters } from '../../smtp/parameters.ts'
import { badPath, parsePath } from '../../smtp/path.ts'
import type { Refusal } from '../../smtp/reply.ts'
import { ask } from '../call-hook.ts'
import { type Answer, type Command, type OpenTransaction, say, sayForgiven } from '../session-dialogue.ts'
import { heloFirst, mailFirst, recipientAccepted, tooManyRecipients } from '../server-replies.ts'
import type { ServerLimits } from '../server-limits.ts'
import { afterKeyword } from './mail-command.ts'
import { sayRefused, writtenPath } from './refused.ts'

export const rcpt: Command = async (dialogue, argument) => {
  const { session, context, transaction } = dialogue
  if (session.helo === null) return say(heloFirst)
  if (!transaction) return say(mailFirst)
  const split = afterKeyword(argument, 'TO:')
  const refuse = (reply: Refusal, recipient: string | null) => {
    const { reversePath: sender } = transaction
    return sayRefused(dialogue, { stage: 'rcpt', reply, sender, ...(recipient !== null && { recipient }) })
  }
  const unreadable = (problem: string) => refuse(badPath('forward', problem), writtenPath(argument))
  if (split.kind === 'bad') return unreadable(split.problem)
  const path = parsePath(split.path, 'forward')
  if (path.kind === 'bad' || path.kind === 'null')
    return unreadable(path.kind === 'bad' ? path.problem : 'a recipient cannot be empty')
  const forwardPath = path.kind === 'postmaster' ? context.postmaster : formatMailbox(path.mailbox)
  const utf8 = path.kind === 'mailbox' && path.utf8
  const parsed = parseRecipientParameters(split.parameters, transaction.parameters.smtputf8, utf8)
  if (parsed.kind === 'refused') return refuse(parsed.reply, forwardPath)
  if (transaction.taken.has(forwardPath)) return say(recipientAccepted)
  if (transaction.recipients.length >= context.limits.recipients) {
    // The first tells the story; hundreds may follow.
    if (transaction.excess === 0) refuse(tooManyRecipients, forwardPath)
    return tooMany(transaction, context.limits)
  }
  const recipient = { forwardPath, parameters: parsed.parameters }
  const asked = await ask(context.log, { where: 'rcpt', session: session.id }, () =>
    context.hooks.rcpt(session, transaction, recipient),
  )
  if (asked.kind === 'thrown') return say(asked.reply)
  if (asked.answer.kind !== 'accept') return say(asked.answer.reply)
  transaction.taken.add(forwardPath)
  transaction.recipients.push({ ...recipient, resolution: asked.answer.resolution })
  return say(recipientAccepted)
}

/** RFC 5321 4.5.3.1.10: 452, and the transaction goes on with those it has. */
function tooMany(transaction: OpenTransaction, limits: ServerLimits): Answer {
  transaction.excess++
  return transaction.excess > limits.recipientOvershoot ? say(tooManyRecipients) : sayForgiven(tooManyRecipients)
}
