// Will the destination's DMARC check (RFC 9989) pass after we have forwarded a mail? SPF never does: another host sends, with another
// MAIL FROM. A DKIM signature does if it is aligned, held when the mail came, and covers nothing that we add to. Pure: it reads what
// the verifying node wrote down, asks nobody, and decides nothing about the mail (forward-strategist.ts does).

import type { MethodResult } from '../message/results-field.ts'
import { fieldsNamed } from '../message/header.ts'
import type { Field } from '../message/header.ts'
import { spamFieldKeys } from '../message/spam-fields.ts'
import { readSignatureTags } from '../message/signature-tags.ts'
import { SPAM_METHOD } from './spam-score.ts'

export interface Survival {
  readonly predicted: 'pass' | 'fail' | 'unknown' | 'no-policy'
  /** Did it pass here? What failed already was forged, or is its domain's own mistake: not our forward's doing. */
  readonly atArrival: 'pass' | 'fail' | 'unknown'
  /** A sentence for ledger and log. */
  readonly reason: string
}

/** Fields that every hop of ours puts on top of a mail. */
const addedOnTheWay = ['received', 'authentication-results']
/** Fields that a node which asks the spam filter takes out and writes anew. */
const replacedOnTheWay: readonly string[] = spamFieldKeys

/** Predicts from the results of the node that verified the mail, and the header as that node saw it. */
export function predictSurvival(results: readonly MethodResult[], arrived: readonly Field[]): Survival {
  const dmarc = results.find((one) => one.method === 'dmarc')
  if (!dmarc) return { predicted: 'unknown', atArrival: 'unknown', reason: 'nobody checked DMARC' }
  const domain = property(dmarc, 'header.from') ?? 'the author domain'
  if (dmarc.result === 'none') return noPolicy('unknown', `${domain} publishes no DMARC record`)
  if (dmarc.result !== 'pass' && dmarc.result !== 'fail')
    return { predicted: 'unknown', atArrival: 'unknown', reason: `DMARC could not be checked: ${dmarc.result}` }
  const atArrival = dmarc.result
  const signers = alignedSignatures(results)
  const replaced = results.some((one) => one.method === SPAM_METHOD) ? replacedOnTheWay : []
  const lasting = signers.find((signature) => !isBrokenByTrace(signature, arrived, replaced))
  if (lasting)
    return {
      predicted: 'pass',
      atArrival,
      reason: `the signature of ${lasting.domain} (${lasting.selector}) holds and stays whole`,
    }
  const policy = property(dmarc, 'policy.dmarc') ?? 'none'
  if (policy === 'none') return noPolicy(atArrival, `${domain} asks for nothing (p=none)`)
  return { predicted: 'fail', atArrival, reason: `${whyNot(atArrival, signers)}, and ${domain} asks for ${policy}` }
}

interface Signature {
  readonly domain: string
  readonly selector: string
}

/** Signatures that held and align; the verifier marks them, for only its tree walk knows (RFC 9989 4.4.1). */
function alignedSignatures(results: readonly MethodResult[]): readonly Signature[] {
  return results
    .filter((one) => one.method === 'dkim' && one.result === 'pass' && property(one, 'policy.aligned') === 'yes')
    .map((one) => ({ domain: property(one, 'header.d') ?? '', selector: property(one, 'header.s') ?? '' }))
}

/** The header without what the node in front of us put on top to stay: its Received, and its Authentication-Results right below. */
export function belowTrace(fields: readonly Field[]): readonly Field[] {
  const below = fields.slice(fields.findIndex((field) => field.key === 'received') + 1)
  return below[0]?.key === 'authentication-results' ? below.slice(1) : below
}

/**
 * Named in h= more often than there were instances when it was verified, a trace field is sealed as absent (RFC 6376 5.4.2): the next
 * one breaks the signature. Of a field that we replace, any mention does.
 */
function isBrokenByTrace(signature: Signature, arrived: readonly Field[], replaced: readonly string[]): boolean {
  return fieldsNamed(arrived, 'dkim-signature').some((field) => {
    const tags = readSignatureTags(field.value)
    if (tags.get('d')?.toLowerCase() !== signature.domain.toLowerCase() || tags.get('s') !== signature.selector)
      return false
    const names = (tags.get('h') ?? '').toLowerCase().split(':')
    if (replaced.some((name) => names.includes(name))) return true
    return addedOnTheWay.some(
      (added) => names.filter((name) => name === added).length > fieldsNamed(arrived, added).length,
    )
  })
}

function whyNot(atArrival: 'pass' | 'fail', signers: readonly Signature[]): string {
  if (signers.length > 0) return `the signature of ${signers[0]?.domain} forbids trace fields`
  return atArrival === 'pass' ? 'it passed by SPF alone, which no forward keeps' : 'it failed here already'
}

function noPolicy(atArrival: Survival['atArrival'], reason: string): Survival {
  return { predicted: 'no-policy', atArrival, reason }
}

function property(result: MethodResult, name: string): string | null {
  return result.properties.find((one) => one.name === name)?.value ?? null
}
