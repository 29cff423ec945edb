// Reads one command line: octets → verb and argument (RFC 5321 2.4, 4.1.1). It is strict about characters and accepts any case and trailing
// blanks. A line may end in a bare LF: a client must not send one (RFC 5321 2.3.8), but outside DATA it does no harm.

import { isUtf8 } from 'node:buffer'
import type { Refusal } from '../smtp/reply.ts'
import { badCharacters, lineTooLong, unknownCommand } from './server-replies.ts'

export type CommandLine =
  | { readonly kind: 'command'; readonly verb: string; readonly argument: string }
  | { readonly kind: 'bad'; readonly reply: Refusal }

export interface LineLimits {
  readonly commandLine: number
  readonly authLine: number
}

const form = /^([A-Za-z]{1,12})(?: +(.*))?$/s
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const forbidden = /[\x00-\x08\x0a-\x1f\x7f]/
const aboveAscii = /[\x80-\xff]/

/** @param line without its line end; tabs count as blanks at the end only */
export function readCommandLine(line: Buffer, limits: LineLimits): CommandLine {
  const latin = line.toString('latin1')
  if (forbidden.test(latin)) return { kind: 'bad', reply: badCharacters }
  if (aboveAscii.test(latin) && !isUtf8(line)) return { kind: 'bad', reply: badCharacters }
  const match = form.exec(line.toString('utf8').trimEnd())
  if (!match) return { kind: 'bad', reply: line.length > limits.commandLine ? lineTooLong : unknownCommand }
  const verb = (match[1] as string).toUpperCase()
  // The limits count the CRLF (RFC 5321 4.5.3.1.4).
  const limit = verb === 'AUTH' ? limits.authLine : limits.commandLine
  if (line.length + 2 > limit) return { kind: 'bad', reply: lineTooLong }
  return { kind: 'command', verb, argument: match[2] ?? '' }
}
