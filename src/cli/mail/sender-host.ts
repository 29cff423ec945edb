// The part of the rules for senders (message/sender-rules.ts) that concerns the DNS and this host: the message is signed as the node would
// sign it, and judged as a receiver would judge it, for each address of the node's host name.

import { confirmedName } from '../../dns/fcrdns.ts'
import { lookupAddresses } from '../../dns/host-addresses.ts'
import type { Resolver } from '../../dns/resolver.ts'
import type { Signer } from '../../dkim/signer.ts'
import type { Authentication, Authenticator } from '../../filter/authentication.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Content } from '../../message/content.ts'
import { prependFields } from '../../message/header.ts'
import type { RuleFinding, SenderRule } from '../../message/sender-rules.ts'

export interface HostLint {
  readonly hostname: string
  /** The reverse-path with which the message leaves. */
  readonly sender: string | null
  /** The domain of the author. */
  readonly fromDomain: string
  readonly content: Content
  readonly now: number
}

export interface HostLintPorts {
  readonly resolver: Resolver
  readonly authenticator: Authenticator
  readonly signer: Signer
  readonly clock: Clock
}

/** The broken rules. A look-up that failed is a finding too: an operator who asks wants to know. */
export async function lintHost(lint: HostLint, ports: HostLintPorts): Promise<readonly RuleFinding[]> {
  const { hostname } = lint
  const found = await lookupAddresses(ports.resolver, hostname)
  if (found.kind !== 'found') {
    const why = found.kind === 'absent' ? 'does not exist' : `cannot be looked up (${found.cause})`
    return [every('host-name', `${hostname} ${why}: SPF and the name of the host cannot be judged`)]
  }
  const content = await signed(lint, ports)
  const judged = await Promise.all(
    found.addresses.map(async ({ address }) => [
      ...(await nameFindings(address, hostname, ports)),
      ...(await judge({ ...lint, content }, address, ports)),
    ]),
  )
  return unique(judged.flat())
}

async function signed({ content, fromDomain, now }: HostLint, { signer }: HostLintPorts): Promise<Content> {
  const result = await signer.sign(content, { fromDomain, now })
  return result.kind === 'signed' ? { ...content, header: prependFields(content.header, result.fields) } : content
}

/** Google and Microsoft want a name for each address, which has that address. */
async function nameFindings(address: string, hostname: string, ports: HostLintPorts): Promise<RuleFinding[]> {
  const name = await confirmedName(address, ports)
  if (name.kind === 'name') return []
  const why = name.kind === 'none' ? 'has no name that leads back to it' : `has an unknown name (${name.cause})`
  return [every('host-name', `${address} of ${hostname} ${why} (PTR record)`)]
}

async function judge(lint: HostLint, address: string, { authenticator }: HostLintPorts): Promise<RuleFinding[]> {
  const { hostname, sender, content, now } = lint
  const request = { remoteIp: address, helo: hostname, sender, content, authservId: hostname, now }
  return judgementFindings(await authenticator.authenticate(request), lint, address)
}

function judgementFindings(
  { spf, dkim, dmarc }: Authentication,
  { fromDomain, sender }: Pick<HostLint, 'fromDomain' | 'sender'>,
  address: string,
): RuleFinding[] {
  const reasons = dkim.map(({ domain, selector, result, comment }) => {
    return `${selector} of ${domain}: ${result}${comment === null ? '' : `, ${comment}`}`
  })
  const isSigned = dkim.some(({ result, aligned }) => result === 'pass' && aligned)
  const noSignature = reasons.length === 0 ? `no key signs for ${fromDomain}` : reasons.join('; ')
  const spfText =
    spf.result === 'pass'
      ? `SPF passes for ${spf.domain}, which is not a domain of the author (${fromDomain})`
      : `SPF of ${spf.domain ?? sender ?? 'the host'} does not pass for ${address}: ${spf.result}`
  return [
    ...(isSigned ? [] : [every('dkim-aligned', `no valid signature of the author's domain: ${noSignature}`)]),
    ...(spf.result === 'pass' && dmarc.spfAligned ? [] : [bulk('spf-aligned', spfText)]),
    ...(dmarc.result === 'none'
      ? [bulk('dmarc-record', `${fromDomain} has no DMARC record, expected at least p=none`)]
      : []),
  ]
}

function every(rule: SenderRule, text: string): RuleFinding {
  return { rule, applies: 'every', text }
}

function bulk(rule: SenderRule, text: string): RuleFinding {
  return { rule, applies: 'bulk', text }
}

/** The addresses of a host often break the same rule. */
function unique(findings: readonly RuleFinding[]): readonly RuleFinding[] {
  return [...new Map(findings.map((one) => [`${one.rule} ${one.text}`, one])).values()]
}
