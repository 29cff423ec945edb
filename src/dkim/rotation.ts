// Advances keys through their stages (key.ts) by the records that the DNS shows: a key signs only after the node has seen its record. It
// never creates, publishes or deletes a record; the operator changes the zone.

import type { Resolver } from '../dns/resolver.ts'
import type { DkimKey, KeyStage } from './key.ts'
import { keyRecord, sameKey } from './key-record.ts'

/** RFC 2308 5: verifiers may cache for three hours that a record does not exist. */
export const PUBLISH_WAIT_MS = 3 * 3_600_000
/** Messages in transit are verified within the five days of retries (RFC 5321 4.5.4.1), plus two. */
export const RETIRE_WAIT_MS = 7 * 86_400_000

export type RecordState = 'published' | 'missing' | 'different' | 'unknown'

/** The state of the key's record in the DNS. */
export async function checkRecord(key: DkimKey, resolver: Resolver): Promise<RecordState> {
  const record = keyRecord(key)
  const answer = await resolver.resolve(record.name, 'TXT')
  if (answer.kind === 'unavailable') return 'unknown'
  if (answer.kind === 'absent') return 'missing'
  const texts = answer.records.map((chunks) => Buffer.concat([...chunks]).toString('utf8'))
  return texts.some((text) => sameKey(text, record)) ? 'published' : 'different'
}

export interface RotationStep {
  readonly key: DkimKey
  /** The next stage, or the same one. */
  readonly to: KeyStage
  readonly reason: string
}

/** The next stage of each key of one or more domains. The caller saves the stages, a new active key before the old one is retired. */
export async function planRotation(
  keys: readonly DkimKey[],
  options: { readonly resolver: Resolver; readonly now: number; readonly waitMs?: number },
): Promise<readonly RotationStep[]> {
  const states = await Promise.all(keys.map((key) => checkRecord(key, options.resolver)))
  const steps = keys.map((key, index) => nextStep(key, states[index] ?? 'unknown', { ...options, keys }))
  const activated = steps.filter((step) => step.to === 'active' && step.key.stage !== 'active')
  const retired = activated.flatMap(({ key }) =>
    keys
      .filter((old) => old.stage === 'active' && old.domain === key.domain && old.algorithm === key.algorithm)
      .map((old) => ({
        key: old,
        to: 'retired' as const,
        reason: `${key.selector} signs now; keep the record for a week`,
      })),
  )
  const replaced = new Set(retired.map((step) => step.key))
  return [...steps.filter((step) => !replaced.has(step.key)), ...retired]
}

function nextStep(
  key: DkimKey,
  state: RecordState,
  options: { readonly keys: readonly DkimKey[]; readonly now: number; readonly waitMs?: number },
): RotationStep {
  const { name } = keyRecord(key)
  const stay = (reason: string): RotationStep => ({ key, to: key.stage, reason })
  const age = options.now - (key.since ?? 0)
  if (key.stage === 'retired') {
    if (age < RETIRE_WAIT_MS) return stay('mail under way may still carry its signature')
    return stay(state === 'missing' ? 'the key file can be deleted' : `withdraw ${name}, then delete the key file`)
  }
  if (state !== 'published') return stay(recordAdvice(state, name))
  if (key.stage === 'active') return stay('signs, and its record is there')
  if (key.stage === 'generated' && hasPredecessor(key, options.keys)) {
    return { key, to: 'published', reason: `${name} is in the DNS` }
  }
  const left = hasPredecessor(key, options.keys) ? (options.waitMs ?? PUBLISH_WAIT_MS) - age : 0
  if (left > 0) return stay(`published; caches may lack it for ${Math.ceil(left / 60_000)} more minutes`)
  return { key, to: 'active', reason: `${name} is in the DNS` }
}

/** Without an older signing key the new key is used at once, because unsigned messages are no better. */
function hasPredecessor(key: DkimKey, keys: readonly DkimKey[]): boolean {
  return keys.some((old) => old.stage === 'active' && old.domain === key.domain && old.algorithm === key.algorithm)
}

function recordAdvice(state: RecordState, name: string): string {
  switch (state) {
    case 'missing':
      return `publish ${name}`
    case 'different':
      return `${name} holds another key`
    default:
      return `${name} cannot be looked up now`
  }
}
