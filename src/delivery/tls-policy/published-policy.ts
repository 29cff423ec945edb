// `dane`: what the recipient domain publishes decides, DANE before every other source; a domain that publishes nothing gets TLS where the
// host offers it.

import { daneSource } from '../dane/dane-source.ts'
import { mayPolicy } from './opportunistic-policy.ts'
import type { HostDecision, PolicyFinding, PolicyHost, PolicyPorts, TlsPolicy, TlsRequirement } from './tls-policy.ts'

export const publishedPolicy: TlsPolicy = {
  name: 'dane',
  relaxed: mayPolicy,
  forHost: decide,
}

async function decide(host: PolicyHost, ports: PolicyPorts): Promise<HostDecision> {
  const findings: PolicyFinding[] = []
  let floor: TlsRequirement | null = null
  for (const source of [daneSource, ...ports.sources]) {
    const answer = await source.ask(host, ports)
    findings.push({ source: source.name, text: answer.text })
    if (answer.kind === 'avoid') return { ...answer, policy: source.name, findings }
    if (answer.kind === 'use') return { kind: 'use', requirement: answer.requirement, findings }
    if (answer.kind === 'floor') floor ??= answer.requirement
  }
  if (floor) return { kind: 'use', requirement: floor, findings }
  return { ...(await mayPolicy.forHost(host, ports)), findings }
}
