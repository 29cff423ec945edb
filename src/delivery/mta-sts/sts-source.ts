// MTA-STS as a source of policies (RFC 8461 sections 4 and 5), after DANE.

import type { StsAnswer } from '../../mta-sts/policy-finder.ts'
import { matchesMx, type StsPolicy, stsPolicyLines } from '../../mta-sts/sts-policy.ts'
import { acceptAny } from '../tls-policy/opportunistic-policy.ts'
import type {
  Judgement,
  PolicyHost,
  PolicySource,
  PublishedPolicy,
  SourceAnswer,
  TlsPeer,
  TlsRequirement,
} from '../tls-policy/tls-policy.ts'
import { judgeByCa } from '../tls-policy/verify-policy.ts'

/** @param find the policy of a domain */
export function createStsSource(find: (domain: string) => Promise<StsAnswer>): PolicySource {
  return {
    name: 'mta-sts',
    ask: async (host) => {
      // RFC 8461 section 1.2: the policy is that of the recipient's domain, and a host of the configuration has none.
      if (host.path.domain === null) return { kind: 'none', text: 'the configuration names the host' }
      return answerFor(host, host.path.domain, await find(host.path.domain))
    },
  }
}

function answerFor(host: PolicyHost, domain: string, answer: StsAnswer): SourceAnswer {
  const { text } = answer
  switch (answer.kind) {
    case 'none':
      return { kind: 'none', text }
    case 'failed':
      return { kind: 'floor', requirement: { ...unknownPolicy, flaw: answer.failure }, text }
    case 'unavailable': {
      // In a zone without DNSSEC, who can make the look-up fail can as well deny the record: to wait protects nothing.
      if (!answer.ours && !answer.isBogus && !host.path.mxAuthentic) return { kind: 'none', text }
      const reason = `The MTA-STS policy of ${domain} cannot be known: ${text}`
      return { kind: 'avoid', status: '4.7.5', text: reason, failure: 'sts-policy-fetch-error' }
    }
    case 'policy':
      return obey(host, domain, answer)
  }
}

function obey(
  { host }: PolicyHost,
  domain: string,
  { policy, text }: Extract<StsAnswer, { kind: 'policy' }>,
): SourceAnswer {
  const published = publishedAs(policy)
  const isAllowed = matchesMx(policy, host)
  if (policy.mode === 'enforce') {
    if (isAllowed)
      return { kind: 'use', requirement: { ...enforced, published, judge: (peer) => judgeByDnsName(peer, host) }, text }
    const reason = `The MTA-STS policy of ${domain} does not allow the mail host ${host}, only ${policy.mx.join(', ')}`
    return { kind: 'avoid', status: '4.7.5', text: reason, failure: 'validation-failure', published }
  }
  const onTrial = { ...tested, judge: (peer: TlsPeer) => judgeOnTrial(peer, host) }
  const requirement = isAllowed
    ? onTrial
    : ({ ...onTrial, key: 'mta-sts-testing other', flaw: 'validation-failure' } as const)
  return {
    kind: 'floor',
    requirement: { ...requirement, published },
    text: isAllowed ? text : `${text}; ${host} is none of them`,
  }
}

function publishedAs(policy: StsPolicy): PublishedPolicy {
  return { type: 'sts', strings: stsPolicyLines(policy), mxHosts: policy.mx }
}

const unknownPolicy: TlsRequirement = {
  policy: 'may',
  key: 'may',
  startTls: 'if-offered',
  context: 'opportunistic',
  judge: acceptAny,
}

const enforced: Omit<TlsRequirement, 'judge'> = {
  policy: 'mta-sts',
  key: 'mta-sts',
  startTls: 'always',
  context: 'public',
  provesName: true,
}

/** Mail is sent whatever the host does; the domain learns of it by reports (RFC 8461 section 5). */
const tested: Omit<TlsRequirement, 'judge'> = {
  policy: 'mta-sts-testing',
  key: 'mta-sts-testing',
  startTls: 'if-offered',
  context: 'public',
}

/** RFC 8461 section 4.1: the name is a DNS name of the certificate, whole or with a wildcard for the first label. A name in the subject is none. */
function judgeByDnsName(peer: TlsPeer, host: string): Judgement {
  const judged = judgeByCa(peer)
  if (judged.kind === 'rejected') return judged
  const found = peer.getPeerX509Certificate()?.checkHost(host, { subject: 'never', partialWildcards: false })
  if (found !== undefined) return judged
  const cause = `the certificate does not name ${host} as RFC 8461 demands`
  return { kind: 'rejected', failure: 'certificate-host-mismatch', cause }
}

function judgeOnTrial(peer: TlsPeer, host: string): Judgement {
  const judged = judgeByDnsName(peer, host)
  return judged.kind === 'accepted' ? judged : { kind: 'accepted', level: 'encrypted', failure: judged.failure }
}
