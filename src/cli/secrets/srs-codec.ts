// The actions of `waypost srs`: encode a reverse-path, decode an SRS address. Exit code 1 if the address is not rewritten or invalid.

import { domainOf } from '../../smtp/mailbox.ts'
import { decodeSrs, encodeSrs } from '../../route/srs/srs.ts'
import type { SrsDecoded, SrsEncoded, SrsSettings } from '../../route/srs/srs.ts'
import type { ShortHashes } from '../../route/srs/srs-hash.ts'
import { FAILED, json, line, OK, USAGE } from '../io.ts'
import type { Io } from '../io.ts'

export interface SrsOptions {
  readonly action: 'encode' | 'decode'
  readonly address: string
  /** Unix milliseconds. */
  readonly at: number
  /** The first signs, all verify. */
  readonly secrets: readonly string[]
  /** The SRS domain. `decode` uses the domain of the address without it. */
  readonly domain?: string
  readonly json: boolean
  /** `base64` is the alphabet of Mail::SRS; default `base64url`. */
  readonly alphabet?: 'base64url' | 'base64'
  readonly separator?: '=' | '+' | '-'
  readonly hashLength?: number
  /** Shortest accepted hash. */
  readonly hashMinimum?: number
  readonly shortHashes?: ShortHashes
  readonly maxAgeDays?: number
  /** Domains whose reverse-paths are not rewritten. */
  readonly isOwn?: (domain: string) => boolean
}

/** Runs the action and returns the exit code. */
export function srs(options: SrsOptions, io: Io): number {
  const domain = options.domain ?? (options.action === 'decode' ? domainOf(options.address) || undefined : undefined)
  if (domain === undefined || options.secrets.length === 0) {
    line(
      io.stderr,
      domain === undefined
        ? 'found no SRS domain, expected --domain or -c'
        : 'found no SRS secret, expected --secret-file or -c',
    )
    return USAGE
  }
  const { secrets, alphabet, separator, hashLength, hashMinimum, shortHashes, maxAgeDays } = options
  const settings: SrsSettings = {
    domain: domain.toLowerCase(),
    secrets,
    ...(alphabet === undefined ? {} : { alphabet }),
    ...(separator === undefined ? {} : { separator }),
    ...(hashLength === undefined ? {} : { hashLength }),
    ...(hashMinimum === undefined ? {} : { hashMinimum }),
    ...(shortHashes === undefined ? {} : { shortHashes }),
    ...(maxAgeDays === undefined ? {} : { maxAgeDays }),
  }
  const sender = options.address === '<>' ? null : options.address
  const answer =
    options.action === 'encode'
      ? encodeSrs(sender, options.at, settings, options.isOwn)
      : decodeSrs(options.address, options.at, settings)
  return printAnswer(answer, options, io)
}

function printAnswer(answer: SrsEncoded | SrsDecoded, options: SrsOptions, io: Io): number {
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
      return `not rewritten: the local part would have ${answer.octets} octets, at most 64 are allowed (RFC 5321 4.5.3.1.1)`
    case 'not-srs':
      return 'not an SRS address'
    case 'other-domain':
      return 'an SRS address of another domain'
    case 'refused':
      return `rejected: ${answer.reason}`
  }
}
