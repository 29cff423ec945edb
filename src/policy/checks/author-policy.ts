// Decides what the DMARC findings of a message from the internet mean. Our domains and unclear authors have separate rules; the policies
// of other domains apply only if the operator configures it.

import type { Authentication, AuthorFinding, Undecided } from '../../filter/authentication.ts'
import type { Field } from '../../message/header.ts'
import { readShownAuthors } from '../../message/shown-authors.ts'
import type { OwnNames } from '../../route/resolution.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Refusal } from '../../smtp/reply.ts'
import type { Mail } from '../check.ts'
import { isOwnAuthor } from '../own-author.ts'
import { accept, refuse, refuseByChoice } from '../verdict.ts'
import type { Verdict } from '../verdict.ts'
import { matchingService } from './outside-service.ts'
import type { OutsideService } from './outside-service.ts'

export interface AuthorPolicy {
  /**
   * Refuse a message that fails a DMARC policy of reject, and one with several authors, to which no policy applies. If false, the results
   * of other domains are only recorded.
   */
  readonly rejectByPolicy: boolean
  readonly ownDomains: {
    readonly names: () => OwnNames
    /** Refuse mail that fails DMARC for a domain of ours whose policy is not none. */
    readonly refuse: boolean
    /** Services that may write as our domains without passing DMARC. */
    readonly services: readonly OutsideService[]
  }
  /** Refuse mail whose author is not clear. If false, forwarded copies are attached to a message of ours (policy/forward-policy.ts). */
  readonly refuseUnclear: boolean
}

export interface AuthorRuling {
  readonly verdict: Verdict
  /** For the ledger: the rules that apply to an accepted message. They have no effect on a refused one. */
  readonly notes: readonly { readonly check: string; readonly result: string; readonly detail: string }[]
}

/** The strictest rule applies. */
export function judgeAuthors(
  policy: AuthorPolicy,
  found: Authentication,
  { fields }: Pick<Mail, 'fields'>,
): AuthorRuling {
  const own = judgeOwn(policy, found, fields)
  if (own.verdict.kind !== 'accept') return own
  const unclear = judgeUnclear(policy, found)
  if (unclear.verdict.kind !== 'accept') return { ...unclear, notes: [...own.notes, ...unclear.notes] }
  return { verdict: policy.rejectByPolicy ? byPolicy(found) : accept, notes: [...own.notes, ...unclear.notes] }
}

/** Without findings of DMARC (time is up), the authors are those that programs show, and nothing is known about them. */
function authorsOf({ dmarc }: Authentication, fields: readonly Field[]): readonly AuthorFinding[] {
  if (dmarc.authors.length > 0) return dmarc.authors
  const { domains } = readShownAuthors(fields)
  const nothing = { organizationalDomain: null, policy: null, policyDomain: null, spfAligned: false, strictSpf: false }
  return domains.map((domain) => ({ ...nothing, domain, result: 'temperror' }))
}

/** Notes about authors of one message: a stranger can write thousands of addresses into From:. */
const MAX_NOTES = 4

function judgeOwn({ ownDomains }: AuthorPolicy, found: Authentication, fields: readonly Field[]): AuthorRuling {
  const notes: AuthorRuling['notes'][number][] = []
  for (const author of authorsOf(found, fields)) {
    const { domain, result } = author
    if (result === 'pass' || !isOwnAuthor(ownDomains.names(), author)) continue
    // Our record decides. A forger who disturbs the look-up must not get past it.
    if (result === 'temperror') return refused(undecided(domain))
    const note = (detail: string) => {
      if (notes.length < MAX_NOTES)
        notes.push({ check: 'own-author', result: 'unproven', detail: `${domain}: ${detail}` })
    }
    const service = matchingService(ownDomains.services, { domain, found, shown: readShownAuthors(fields) })
    if (service !== null) note(`${describeResult(author)}, accepted as the outside service ${service}`)
    else if (result !== 'permerror' && !asksForRefusal(author)) note(describeResult(author))
    else if (ownDomains.refuse) return refused(ownRefusal(author))
    else note(`${describeResult(author)}, accepted because of dmarc.own_domains: carry`)
  }
  return { verdict: accept, notes }
}

/** A destination may not be able to apply the policy of an author whom it cannot read, so this node applies it. */
function judgeUnclear({ refuseUnclear, rejectByPolicy }: AuthorPolicy, { dmarc }: Authentication): AuthorRuling {
  const { problem, authors } = dmarc
  if (problem === null) return { verdict: accept, notes: [] }
  const failed = authors.find(asksForRefusal)
  if (failed) return refused(byPolicyOf(failed.domain, `${describeResult(failed)}; From: ${problem}`))
  const open = authors.find((one) => one.result === 'temperror')
  if (open) return refused(undecided(open.domain))
  const isUnknown = dmarc.result === 'permerror'
  const isRefused = isUnknown && (refuseUnclear || (dmarc.severalAuthors && rejectByPolicy))
  const detail = isUnknown ? `From: ${problem}` : `${authors[0]?.domain ?? ''}, From: ${problem}`
  return {
    verdict: isRefused ? refuseByChoice(unclearAuthor(problem)) : accept,
    notes: [{ check: 'unclear-author', result: dmarc.result, detail }],
  }
}

function byPolicy({ dmarc }: Authentication): Verdict {
  if (dmarc.severalAuthors) return refuseByChoice(unclearAuthor('several authors'))
  const open = [dmarc, ...dmarc.authors].find(mightBeRejected)
  if (open) return refuseByChoice(undecided(open.domain ?? 'the author'))
  if (dmarc.result !== 'fail' || dmarc.policy !== 'reject') return accept
  return refuseByChoice(byPolicyOf(dmarc.domain ?? '', `dmarc=fail p=reject ${dmarc.domain}`))
}

/**
 * True if a policy of reject would apply or may apply, but a look-up failed. If the owner of the domain is the cause and no policy is known,
 * the message is accepted: a domain with a broken DNS could otherwise never write to us.
 */
function mightBeRejected({ undecided: open }: { readonly undecided?: Undecided }): boolean {
  return open?.policy === 'reject' || (open?.policy === null && open.ours)
}

function asksForRefusal({ result, policy }: AuthorFinding): boolean {
  return result === 'fail' && policy !== null && policy !== 'none'
}

function describeResult({ result, policy }: AuthorFinding): string {
  return `dmarc=${result}${policy === null ? '' : ` p=${policy}`}`
}

function refused(reply: Refusal): AuthorRuling {
  return { verdict: refuse(reply), notes: [] }
}

function byPolicyOf(domain: string, cause: string): Refusal {
  return refusal(550, '5.7.26', `Rejected by the DMARC policy of ${domain}`, cause)
}

function ownRefusal(author: AuthorFinding): Refusal {
  const text = `Mail with an author at ${author.domain} is accepted here only if it passes DMARC`
  return refusal(550, '5.7.26', text, `${describeResult(author)} for ${author.domain}, a domain of ours`)
}

function unclearAuthor(problem: string): Refusal {
  const text = 'The From: field does not name one author clearly, so DMARC cannot check it (RFC 9989 11.5)'
  return refusal(550, '5.7.1', text, `From: ${problem}`)
}

function undecided(domain: string): Refusal {
  const text = `The DMARC policy of ${domain} cannot be checked now, please try again later`
  return refusal(451, '4.7.1', text, `dmarc=temperror for ${domain}`)
}
