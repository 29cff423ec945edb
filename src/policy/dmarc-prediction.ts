// Predicts whether a forwarded message passes the DMARC check (RFC 9989) of its destination. SPF does not survive a forward, because another
// host sends with another MAIL FROM. A DKIM signature does if it is aligned, was valid on arrival, and covers no field that the node adds.
// The prediction uses the recorded results only; forward-policy.ts decides.

import type { MethodResult } from '../message/results-field.ts'
import { fieldsNamed } from '../message/header.ts'
import type { Field } from '../message/header.ts'
import { spamFieldKeys } from '../message/spam-fields.ts'
import { readSignatureTags } from '../message/signature-tags.ts'
import { resultProperty } from './known-results.ts'
import { SPAM_METHOD } from './spam-score.ts'

export interface DmarcPrediction {
  readonly predicted: 'pass' | 'fail' | 'unknown' | 'no-policy'
  /** The result on arrival. A message that failed here is forged or its domain is misconfigured; the forward is not the cause. */
  readonly atArrival: 'pass' | 'fail' | 'unknown'
  /** For ledger and log. */
  readonly reason: string
}

/** Fields that every fleet node adds. */
const addedFields = ['received', 'authentication-results']
/** Fields that a node with a spam filter replaces. */
const replacedFields: readonly string[] = spamFieldKeys

/** @param arrived the header as the verifying node received it */
export function predictDmarc(results: readonly MethodResult[], arrived: readonly Field[]): DmarcPrediction {
  const dmarc = results.find((one) => one.method === 'dmarc')
  if (!dmarc) return { predicted: 'unknown', atArrival: 'unknown', reason: 'DMARC was not checked' }
  const domain = resultProperty(dmarc, 'header.from') ?? 'the author domain'
  if (dmarc.result === 'none') return noPolicy('unknown', `${domain} publishes no DMARC record`)
  if (dmarc.result !== 'pass' && dmarc.result !== 'fail')
    return { predicted: 'unknown', atArrival: 'unknown', reason: `the DMARC check ended with ${dmarc.result}` }
  const atArrival = dmarc.result
  const signers = alignedSignatures(results)
  const replaced = results.some((one) => one.method === SPAM_METHOD) ? replacedFields : []
  const lasting = signers.find((signature) => !isBrokenByTrace(signature, arrived, replaced))
  if (lasting)
    return {
      predicted: 'pass',
      atArrival,
      reason: `the signature of ${lasting.domain} (${lasting.selector}) stays valid`,
    }
  const policy = resultProperty(dmarc, 'policy.dmarc') ?? 'none'
  if (policy === 'none') return noPolicy(atArrival, `${domain} has policy p=none`)
  return { predicted: 'fail', atArrival, reason: `${whyNot(atArrival, signers)}, and ${domain} has policy p=${policy}` }
}

interface Signature {
  readonly domain: string
  readonly selector: string
}

/** Valid aligned signatures. The verifier marks alignment, because it did the DNS tree walk (RFC 9989 4.4.1). */
function alignedSignatures(results: readonly MethodResult[]): readonly Signature[] {
  return results
    .filter((one) => one.method === 'dkim' && one.result === 'pass' && resultProperty(one, 'policy.aligned') === 'yes')
    .map((one) => ({ domain: resultProperty(one, 'header.d') ?? '', selector: resultProperty(one, 'header.s') ?? '' }))
}

/** The header without the Received field of the peer and its Authentication-Results field directly below. */
export function belowTrace(fields: readonly Field[]): readonly Field[] {
  const below = fields.slice(fields.findIndex((field) => field.key === 'received') + 1)
  return below[0]?.key === 'authentication-results' ? below.slice(1) : below
}

/**
 * A trace field that h= names more often than it occurs is signed as absent (RFC 6376 5.4.2), so the next instance breaks the signature. A
 * field that the node replaces breaks it if h= names it at all.
 */
function isBrokenByTrace(signature: Signature, arrived: readonly Field[], replaced: readonly string[]): boolean {
  return fieldsNamed(arrived, 'dkim-signature').some((field) => {
    const tags = readSignatureTags(field.value)
    if (tags.get('d')?.toLowerCase() !== signature.domain.toLowerCase() || tags.get('s') !== signature.selector)
      return false
    const names = (tags.get('h') ?? '').toLowerCase().split(':')
    if (replaced.some((name) => names.includes(name))) return true
    return addedFields.some(
      (added) => names.filter((name) => name === added).length > fieldsNamed(arrived, added).length,
    )
  })
}

function whyNot(atArrival: 'pass' | 'fail', signers: readonly Signature[]): string {
  if (signers.length > 0) return `the signature of ${signers[0]?.domain} covers trace fields`
  return atArrival === 'pass' ? 'DMARC passed by SPF alone, which a forward breaks' : 'DMARC failed on arrival'
}

function noPolicy(atArrival: DmarcPrediction['atArrival'], reason: string): DmarcPrediction {
  return { predicted: 'no-policy', atArrival, reason }
}
