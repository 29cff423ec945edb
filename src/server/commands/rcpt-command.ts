// RCPT TO (RFC 5321 4.1.1.3). This file checks syntax, order and number; the hook resolves and may refuse. A repeated forward-path is one
// recipient, and its second RCPT gets 250 as well.

import { domainOf, formatMailbox } from '../../smtp/mailbox.ts'
import { parseRecipientParameters } from '../../smtp/parameters.ts'
import { badPath, type ParsedPath, parsePath } from '../../smtp/path.ts'
import type { Refusal } from '../../smtp/reply.ts'
import { callHook } from '../call-hook.ts'
import { type Answer, type Command, type OpenTransaction, say, sayUncounted } from '../session-dialogue.ts'
import { afterChunk, heloFirst, mailFirst, recipientAccepted, tooManyRecipients } from '../server-replies.ts'
import type { ServerLimits } from '../server-limits.ts'
import { afterKeyword } from './mail-command.ts'
import { sayRefused, writtenPath } from './refused.ts'

export const rcpt: Command = async (dialogue, argument) => {
  const { session, context, transaction } = dialogue
  if (session.helo === null) return say(heloFirst)
  if (!transaction) return say(mailFirst)
  if (transaction.message) return say(afterChunk)
  const split = afterKeyword(argument, 'TO:')
  const refuse = (reply: Refusal, recipient: string | null) => {
    const { reversePath: sender } = transaction
    return sayRefused(dialogue, { stage: 'rcpt', reply, sender, ...(recipient !== null && { recipient }) })
  }
  const unreadable = (problem: string) => refuse(badPath('forward', problem), writtenPath(argument))
  if (split.kind === 'bad') return unreadable(split.problem)
  const path = parsePath(split.path, 'forward', context.settings.localNames)
  if (path.kind === 'bad' || path.kind === 'null')
    return unreadable(path.kind === 'bad' ? path.problem : 'a recipient cannot be empty')
  const forwardPath = recipientOf(path, context)
  const utf8 = path.kind === 'mailbox' && path.utf8
  const parsed = parseRecipientParameters(split.parameters, transaction.parameters.smtputf8, utf8)
  if (parsed.kind === 'refused') return refuse(parsed.reply, forwardPath)
  if (transaction.forwardPaths.has(forwardPath)) return say(recipientAccepted)
  if (transaction.recipients.length >= context.limits.recipients) {
    // Only the first is reported to the ledger; hundreds may follow.
    if (transaction.excess === 0) refuse(tooManyRecipients, forwardPath)
    return tooMany(transaction, context.limits, tooManyRecipients)
  }
  const recipient = { forwardPath, parameters: parsed.parameters }
  const result = await callHook(context.log, { hook: 'rcpt', session: session.id }, () =>
    context.hooks.rcpt(session, transaction, recipient),
  )
  if (result.kind === 'thrown') return say(result.reply)
  if (result.answer.kind !== 'accept') {
    const { reply } = result.answer
    return reply.code === 452 ? tooMany(transaction, context.limits, reply) : say(reply)
  }
  transaction.forwardPaths.add(forwardPath)
  transaction.recipients.push({ ...recipient, resolution: result.answer.resolution })
  return say(recipientAccepted)
}

/**
 * The address that the hook resolves. `<Postmaster>` is the postmaster of the main domain (RFC 5321 4.5.1), and so are postmaster and abuse
 * at the name of the node, which is no domain with addresses.
 */
function recipientOf(
  path: Exclude<ParsedPath, { kind: 'bad' | 'null' }>,
  { postmaster, hostname }: { readonly postmaster: string; readonly hostname: string },
): string {
  if (path.kind === 'postmaster') return postmaster
  const { local, domain } = path.mailbox
  const role = local.toLowerCase()
  if (domain !== hostname.toLowerCase() || (role !== 'postmaster' && role !== 'abuse'))
    return formatMailbox(path.mailbox)
  return role === 'postmaster' ? postmaster : formatMailbox({ local: role, domain: domainOf(postmaster) })
}

/** 452; the transaction keeps the recipients that it has (RFC 5321 4.5.3.1.10). */
function tooMany<Resolution>(transaction: OpenTransaction<Resolution>, limits: ServerLimits, reply: Refusal): Answer {
  transaction.excess++
  return transaction.excess > limits.recipientOvershoot ? say(reply) : sayUncounted(reply)
}
