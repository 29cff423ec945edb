// Domains that must have TLS whatever their policy is otherwise: a policy with `encrypt` as its least.

import { encryptPolicy } from './encrypt-policy.ts'
import type { HostDecision, PolicyHost, PolicyPorts, TlsPolicy } from './tls-policy.ts'

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
      return isMandatory(host) ? strengthen(decision, host, ports) : decision
    },
  }
}

async function strengthen(decision: HostDecision, host: PolicyHost, ports: PolicyPorts): Promise<HostDecision> {
  if (decision.kind === 'avoid' || decision.requirement.startTls === 'always') return decision
  const finding = { source: 'delivery.mandatory_tls', text: 'lists the domain: TLS is required' }
  return { ...(await encryptPolicy.forHost(host, ports)), findings: [...(decision.findings ?? []), finding] }
}
