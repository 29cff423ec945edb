// The policy of MTA-STS as a value and as text (RFC 8461 section 3.2).

import { createHash } from 'node:crypto'

export type StsMode = 'enforce' | 'testing' | 'none'

export interface StsPolicy {
  readonly mode: StsMode
  /** Host names, or `*.` and a domain; A-labels in lower case. Empty only with the mode `none`. */
  readonly mx: readonly string[]
  /** Seconds for which the policy counts after it was fetched. */
  readonly maxAge: number
}

export type ParsedPolicy =
  | { readonly kind: 'policy'; readonly policy: StsPolicy }
  /** `cause`: a phrase such as `it has no max_age`. */
  | { readonly kind: 'invalid'; readonly cause: string }

/** RFC 8461 3.2: about a year, in seconds. */
export const MOST_MAX_AGE = 31_557_600
/** RFC 8461 3.1: `id` in the DNS has at most 32 letters and digits. */
const ID_LENGTH = 32

const modes: ReadonlySet<string> = new Set<StsMode>(['enforce', 'testing', 'none'])
const pattern =
  /^(?:\*\.)?(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/

/** Reads the text of a policy. Lines end with CRLF or LF; unknown keys are ignored, and of repeated ones, except `mx`, all but the first. */
export function parseStsPolicy(text: string): ParsedPolicy {
  const { single, mx } = readLines(text)
  const [version, mode, age] = [single.get('version'), single.get('mode'), single.get('max_age')]
  if (version !== 'STSv1') return invalid('its version is not STSv1')
  if (mode === undefined || !modes.has(mode)) return invalid('its mode is none of enforce, testing, none')
  if (age === undefined || !/^\d{1,10}$/.test(age)) return invalid('it has no max_age in seconds')
  if (mx.length === 0 && mode !== 'none') return invalid('it names no usable mx')
  return {
    kind: 'policy',
    policy: { mode: mode as StsMode, mx: [...new Set(mx)], maxAge: Math.min(Number(age), MOST_MAX_AGE) },
  }
}

function readLines(text: string) {
  const single = new Map<string, string>()
  const mx: string[] = []
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon < 1) continue
    const [key, value] = [line.slice(0, colon).trim(), line.slice(colon + 1).trim()]
    if (key !== 'mx') {
      if (!single.has(key)) single.set(key, value)
      continue
    }
    // A name that cannot exist names no host. The others still count: to drop them would let mail go anywhere.
    const name = value.toLowerCase().replace(/\.$/, '')
    if (pattern.test(name)) mx.push(name)
  }
  return { single, mx }
}

function invalid(cause: string): ParsedPolicy {
  return { kind: 'invalid', cause }
}

/** The lines of the text of a policy, without line ends. */
export function stsPolicyLines({ mode, mx, maxAge }: StsPolicy): readonly string[] {
  return ['version: STSv1', `mode: ${mode}`, ...mx.map((name) => `mx: ${name}`), `max_age: ${maxAge}`]
}

/** The text to serve. */
export function formatStsPolicy(policy: StsPolicy): string {
  return stsPolicyLines(policy)
    .map((line) => `${line}\r\n`)
    .join('')
}

/** The `id` of our policy in the DNS: a digest, so that it changes with the policy and only with it. */
export function stsPolicyId(policy: StsPolicy): string {
  return createHash('sha256').update(formatStsPolicy(policy)).digest('hex').slice(0, ID_LENGTH)
}

/** RFC 8461 4.1: a wildcard stands for exactly one label, the left-most. @param host A-labels in lower case */
export function matchesMx({ mx }: Pick<StsPolicy, 'mx'>, host: string): boolean {
  const dot = host.indexOf('.')
  return mx.includes(host) || (dot > 0 && mx.includes(`*${host.slice(dot)}`))
}
