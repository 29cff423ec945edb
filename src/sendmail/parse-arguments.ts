// The command line of sendmail, as Postfix reads it: what callers expect works, what has no meaning here is accepted and ignored, and what
// would start a second mail server is refused.

import { findAddresses } from '../message/rewrite-addresses.ts'
import { isNotify } from '../smtp/parameters.ts'
import type { Notify } from '../smtp/envelope.ts'
import { parseMailbox } from '../smtp/mailbox.ts'

export interface Invocation {
  /** deliver: a message on standard input; smtp: a dialogue; the others are the commands mailq, newaliases and a flush of the queue. */
  readonly mode: 'deliver' | 'smtp' | 'queue' | 'aliases' | 'flush'
  /** The person to submit as; null without `--as`. */
  readonly as: string | null
  /** The reverse-path; null is the null sender, undefined the name of the caller. It may have no domain. */
  readonly sender: string | null | undefined
  readonly fullName: string | null
  /** A line with a single dot does not end the message. */
  readonly ignoreDots: boolean
  /** Take recipients from the header (-t), too. */
  readonly fromHeader: boolean
  readonly recipients: readonly string[]
  readonly notify: readonly Notify[]
  readonly ret: 'FULL' | 'HDRS' | null
  readonly envid: string | null
  readonly verbose: boolean
}

export type ParsedArguments = Invocation | { readonly mode: 'wrong'; readonly problem: string }

/** Options with a value, which may follow in the next argument (Postfix 3.7, sendmail.c). */
const withValue = 'ABCDFfhLNOopRrVX'
/** Options without one. `q` and `b` are read separately. */
const alone = 'GIimntUvcedsx'

const modes: Readonly<Record<string, Invocation['mode']>> = { m: 'deliver', s: 'smtp', p: 'queue', i: 'aliases' }
/** Modes that Postfix accepts without effect: the state of hosts. */
const ignoredModes = 'hH'

type Draft = { -readonly [Key in keyof Invocation]: Invocation[Key] }

/** @param args without the name of the program */
export function parseArguments(args: readonly string[]): ParsedArguments {
  const draft: Draft = {
    mode: 'deliver',
    as: null,
    sender: undefined,
    fullName: null,
    ignoreDots: false,
    fromHeader: false,
    recipients: [],
    notify: [],
    ret: null,
    envid: null,
    verbose: false,
  }
  const rest = [...args]
  try {
    // Options end at the first recipient: an address from elsewhere, such as a web form, cannot be one.
    while (rest[0]?.startsWith('-') && rest[0] !== '-') {
      const word = rest.shift() as string
      if (word === '--') break
      if (word.startsWith('--')) readLong(draft, word, rest)
      else readShort(draft, word.slice(1), rest)
    }
    draft.recipients = rest.flatMap(recipientsOf)
  } catch (error) {
    if (error instanceof WrongUse) return { mode: 'wrong', problem: error.message }
    throw error
  }
  return draft
}

class WrongUse extends Error {}

function readLong(draft: Draft, word: string, rest: string[]): void {
  const [name, given] = word.split(/=(.*)/s)
  if (name !== '--as') throw new WrongUse(`found ${word}, expected --as NAME`)
  const value = given ?? rest.shift()
  if (value === undefined || value === '' || value.startsWith('-'))
    throw new WrongUse('--as: expected the name of a user')
  draft.as = value
}

/** One argument with one or more letters, such as `-ti` or `-fuser@example.org`. */
function readShort(draft: Draft, letters: string, rest: string[]): void {
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at] as string
    const following = letters.slice(at + 1)
    if (letter === 'b') return readMode(draft, following)
    // `-q`, `-q30m`, `-qIid`: the node itself retries, so there is nothing to start.
    if (letter === 'q') return void (draft.mode = 'flush')
    if (withValue.includes(letter)) {
      const value = following === '' ? rest.shift() : following
      if (value === undefined) throw new WrongUse(`-${letter}: expected a value`)
      return readValue(draft, letter, value)
    }
    if (!alone.includes(letter)) throw new WrongUse(`found -${letter}, expected an option of sendmail`)
    if (letter === 'i') draft.ignoreDots = true
    else if (letter === 't') draft.fromHeader = true
    else if (letter === 'v') draft.verbose = true
    else if (letter === 'I') draft.mode = 'aliases'
  }
}

function readMode(draft: Draft, letter: string): void {
  const mode = modes[letter]
  if (mode !== undefined) draft.mode = mode
  else if (!ignoredModes.includes(letter) || letter === '')
    throw new WrongUse(`found -b${letter}, expected -bm, -bs, -bp or -bi; \`waypost run\` starts the node`)
}

function readValue(draft: Draft, letter: string, value: string): void {
  if (letter === 'f' || letter === 'r') draft.sender = senderOf(value)
  else if (letter === 'F') draft.fullName = value
  else if (letter === 'N') draft.notify = notifyOf(value)
  else if (letter === 'R') draft.ret = retOf(value)
  else if (letter === 'V') draft.envid = envidOf(value)
  else if (letter === 'o' && value === 'i') draft.ignoreDots = true
  // Also as `-O IgnoreDots`, the long form of sendmail.
  else if (letter === 'O' && /^ignoredots(=true)?$/i.test(value)) draft.ignoreDots = true
}

function senderOf(value: string): string | null {
  const text = value.trim()
  if (text === '' || text === '<>') return null
  const [address, ...others] = findAddresses(text)
  if (address === undefined || others.length > 0) throw new WrongUse(`-f: found ${text}, expected one address`)
  return checked(address, '-f')
}

function recipientsOf(argument: string): readonly string[] {
  const addresses = findAddresses(argument)
  if (addresses.length === 0) throw new WrongUse(`found ${argument}, expected the address of a recipient`)
  return addresses.map((one) => checked(one, 'recipient'))
}

/** True for an address with or without a domain. */
export function isEnvelopeAddress(address: string): boolean {
  const whole = address.includes('@') && !address.endsWith('@') ? address : `${address.replace(/@$/, '')}@localhost`
  // An address that looks like an option would be one for the next program.
  return !address.startsWith('-') && parseMailbox(whole, { looseDots: true }).kind === 'mailbox'
}

function checked(address: string, what: string): string {
  if (!isEnvelopeAddress(address)) throw new WrongUse(`${what}: found ${address}, expected an address`)
  return address
}

function notifyOf(value: string): readonly Notify[] {
  const words = value.toUpperCase().split(/[ ,]+/)
  if (!isNotify(words)) throw new WrongUse(`-N: found ${value}, expected never, or a list of success, failure, delay`)
  return words
}

function retOf(value: string): 'FULL' | 'HDRS' {
  const ret = value.toUpperCase()
  if (ret !== 'FULL' && ret !== 'HDRS') throw new WrongUse(`-R: found ${value}, expected full or hdrs`)
  return ret
}

function envidOf(value: string): string {
  if (!/^[\x20-\x7e]{1,100}$/.test(value)) throw new WrongUse('-V: expected an envelope ID of at most 100 characters')
  return value
}
