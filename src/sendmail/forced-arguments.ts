// The arguments of `waypost sendmail --as NAME` as a forced command of sshd: those of authorized_keys, then those that the client of ssh wrote,
// which may add recipients and options but not another name.

import { parseArguments } from './parse-arguments.ts'
import type { ParsedArguments } from './parse-arguments.ts'
import { splitWords } from './split-words.ts'

/**
 * @param args of authorized_keys
 * @param original the command of the client; undefined without ssh, or if it gave none
 */
export function forcedArguments(args: readonly string[], original: string | undefined): ParsedArguments {
  const forced = parseArguments(args)
  if (forced.mode === 'wrong' || forced.as === null) return forced
  if (forced.mode !== 'deliver')
    return { mode: 'wrong', problem: '--as: expected a message, no other mode of sendmail' }
  if (original === undefined) return forced
  const words = splitWords(original)
  if (words === null) return { mode: 'wrong', problem: 'found a quote that is not closed in the command of ssh' }
  // The first word is the name that the client gave to the program, such as `sendmail`.
  const own = parseArguments(words.slice(1))
  if (own.mode === 'wrong') return own
  if (own.mode !== 'deliver' || own.as !== null)
    return { mode: 'wrong', problem: 'the command of ssh may have recipients and -t, -i, -f, -F, -N, -R, -V, -v only' }
  return {
    ...own,
    as: forced.as,
    sender: own.sender === undefined ? forced.sender : own.sender,
    fullName: own.fullName ?? forced.fullName,
    ignoreDots: own.ignoreDots || forced.ignoreDots,
    fromHeader: own.fromHeader || forced.fromHeader,
    recipients: [...forced.recipients, ...own.recipients],
  }
}
