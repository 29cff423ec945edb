// MAIL FROM (RFC 5321 4.1.1.2, 4.1.4). This file checks syntax, order and size; the hook checks the sender.

import { formatMailbox } from '../../smtp/mailbox.ts'
import { parseMailParameters } from '../../smtp/parameters.ts'
import { badPath, parsePath, splitArgument } from '../../smtp/path.ts'
import type { Refusal } from '../../smtp/reply.ts'
import { callHook, refusalIn } from '../call-hook.ts'
import { type Command, say } from '../session-dialogue.ts'
import { messageSizeOf } from '../message-size.ts'
import { heloFirst, nestedMail, senderAccepted, tooLarge } from '../server-replies.ts'
import { offersRequireTls } from './hello-command.ts'
import { sayRefused, writtenPath } from './refused.ts'

export const mail: Command = async (dialogue, argument) => {
  const { session, context } = dialogue
  if (session.helo === null) return say(heloFirst)
  if (dialogue.transaction) return say(nestedMail)
  const split = afterKeyword(argument, 'FROM:')
  const refuse = (sender: string | null, reply: Refusal) => sayRefused(dialogue, { stage: 'mail', reply, sender })
  const unreadable = (problem: string) => refuse(writtenPath(argument), badPath('reverse', problem))
  if (split.kind === 'bad') return unreadable(split.problem)
  const path = parsePath(split.path, 'reverse', context.settings.localNames)
  if (path.kind === 'bad' || path.kind === 'postmaster')
    return unreadable(path.kind === 'bad' ? path.problem : 'no domain')
  const reversePath = path.kind === 'null' ? null : formatMailbox(path.mailbox)
  const offered = { requireTls: offersRequireTls(dialogue), auth: context.settings.mechanisms.length > 0 }
  const parsed = parseMailParameters(split.parameters, offered, path.kind === 'mailbox' && path.utf8)
  if (parsed.kind === 'refused') return refuse(reversePath, parsed.reply)
  const { parameters } = parsed
  const limit = messageSizeOf(context.limits, session)
  if (parameters.size !== null && parameters.size > limit) return refuse(reversePath, tooLarge(limit))
  const result = await callHook(context.log, { hook: 'mail', session: session.id }, () =>
    context.hooks.mail(session, reversePath, parameters),
  )
  const refused = refusalIn(result)
  if (refused !== null) return say(refused)
  dialogue.transaction = {
    reversePath,
    parameters,
    recipients: [],
    forwardPaths: new Set(),
    excess: 0,
    message: null,
    isOver: false,
  }
  return say(senderAccepted)
}

/** Splits what follows `FROM:` or `TO:` into path and parameters. */
export function afterKeyword(argument: string, keyword: 'FROM:' | 'TO:'): ReturnType<typeof splitArgument> {
  const start = argument.slice(0, keyword.length).toUpperCase()
  return start === keyword
    ? splitArgument(argument.slice(keyword.length))
    : { kind: 'bad', problem: `${keyword}<address> expected` }
}
