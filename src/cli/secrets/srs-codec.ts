// `waypost srs encode|decode ADDRESS`: what a forwarder writes and what a bounce finds its way home by, for any moment.
// Exit 0 done, 1 the address was refused or not rewritten, 2 wrong usage.

import { domainOf } from '../../smtp/mailbox.ts'
import { decodeSrs, encodeSrs } from '../../route/srs/srs.ts'
import type { SrsDecoded, SrsEncoded, SrsSettings } from '../../route/srs/srs.ts'
import { FAILED, json, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'

export interface SrsOptions {
  readonly action: 'encode' | 'decode'
  readonly address: string
  /** Unix milliseconds; now, if the caller says nothing else. */
  readonly at: number
  /** The first signs, all verify. */
  readonly secrets: readonly string[]
  /** The SRS domain; for decode without it, that of the address. */
  readonly domain?: string
  readonly json: boolean
  /** `base64` writes what Mail::SRS writes; default `base64url`. */
  readonly alphabet?: 'base64url' | 'base64'
  readonly separator?: '=' | '+' | '-'
  readonly hashLength?: number
  /** Shortest hash that is believed. */
  readonly hashMinimum?: number
  readonly maxAgeDays?: number
  /** Domains whose senders are never rewritten. */
  readonly isOwn?: (domain: string) => boolean
}

/** Runs the command; answers the exit code. */
export function srs(options: SrsOptions, io: Io): number {
  const domain = options.domain ?? (options.action === 'decode' ? domainOf(options.address) || undefined : undefined)
  if (domain === undefined || options.secrets.length === 0) {
    line(io.stderr, domain === undefined ? 'no SRS domain given' : 'no SRS secret given')
    return USAGE
  }
  const { secrets, alphabet, separator, hashLength, hashMinimum, maxAgeDays } = options
  const settings: SrsSettings = {
    domain: domain.toLowerCase(),
    secrets,
    ...(alphabet === undefined ? {} : { alphabet }),
    ...(separator === undefined ? {} : { separator }),
    ...(hashLength === undefined ? {} : { hashLength }),
    ...(hashMinimum === undefined ? {} : { hashMinimum }),
    ...(maxAgeDays === undefined ? {} : { maxAgeDays }),
  }
  const sender = options.address === '<>' ? null : options.address
  const answer =
    options.action === 'encode'
      ? encodeSrs(sender, options.at, settings, options.isOwn)
      : decodeSrs(options.address, options.at, settings)
  return tell(answer, options, io)
}

function tell(answer: SrsEncoded | SrsDecoded, options: SrsOptions, io: Io): number {
  const isDone = answer.kind === 'rewritten' || answer.kind === 'decoded'
  if (options.json) json(io.stdout, { given: options.address, ...answer })
  else if (isDone) line(io.stdout, answer.address)
  else line(io.stderr, `${options.address}: ${explain(answer)}`)
  return isDone ? OK : FAILED
}

function explain(answer: Exclude<SrsEncoded | SrsDecoded, { readonly kind: 'rewritten' | 'decoded' }>): string {
  switch (answer.kind) {
    case 'unchanged':
      return `not rewritten: ${answer.reason}`
    case 'too-long':
      return `not rewritten: the local part would have ${answer.octets} octets, 64 are allowed`
    case 'not-srs':
      return 'not an SRS address'
    case 'other-domain':
      return 'an SRS address of another domain'
    case 'refused':
      return `refused: ${answer.reason}`
  }
}
