// Domains that must have TLS whatever their policy is otherwise: a policy with `encrypt` as its least.

import { encryptPolicy } from './encrypt-policy.ts'
import type { HostDecision, PolicyHost, TlsPolicy } from './tls-policy.ts'

/** @param domains names, or `*.example.net` for all names below */
export function withMandatoryTls(policy: TlsPolicy, domains: readonly string[]): TlsPolicy {
  if (domains.length === 0) return policy
  const exact = new Set(domains)
  const suffixes = domains.filter((one) => one.startsWith('*.')).map((one) => one.slice(1))
  const isMandatory = ({ path, host }: PolicyHost) => {
    const name = path.domain ?? host
    return exact.has(name) || suffixes.some((suffix) => name.endsWith(suffix))
  }
  const { relaxed } = policy
  return {
    name: policy.name,
    ...(relaxed && { relaxed: withMandatoryTls(relaxed, domains) }),
    forHost: async (host, ports) => {
      const decision = await policy.forHost(host, ports)
      return isMandatory(host) ? strengthen(decision) : decision
    },
  }
}

/** The same with TLS always. What the domain publishes is still judged and reported, such as a policy of mode `testing`. */
function strengthen(decision: HostDecision): HostDecision {
  if (decision.kind === 'avoid' || decision.requirement.startTls === 'always') return decision
  const { requirement, findings = [] } = decision
  const finding = { source: 'delivery.mandatory_tls', text: 'lists the domain: TLS is required' }
  const policy = requirement.published ? requirement.policy : encryptPolicy.name
  const stronger = { ...requirement, policy, key: `${requirement.key} mandatory`, startTls: 'always' } as const
  return { kind: 'use', requirement: stronger, findings: [...findings, finding] }
}
