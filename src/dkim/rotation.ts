// Moves keys through their stages by what the DNS shows (design of key.ts): nothing signs before its record is seen by us.
// It never makes, publishes or deletes anything; a person or his tools change the zone.

import type { Resolver } from '../dns/resolver.ts'
import type { DkimKey, KeyStage } from './key.ts'
import { keyRecord, sameKey } from './key-record.ts'

/** RFC 2308 5: verifiers may remember for three hours that a record was not there. */
export const PUBLISH_WAIT_MS = 3 * 3_600_000
/** Mail under way is verified within the five days that servers retry (RFC 5321 4.5.4.1), plus two. */
export const RETIRE_WAIT_MS = 7 * 86_400_000

export type RecordState = 'published' | 'missing' | 'different' | 'unknown'

/** What the DNS shows for the key. */
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
  /** Where it goes; the same stage if it stays. */
  readonly to: KeyStage
  readonly reason: string
}

/** What is next for each key of one or many domains. The caller saves the stages, the new active key before the old one retires. */
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

/** Without an older key that signs there is nothing to wait for: unsigned mail is not better. */
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
