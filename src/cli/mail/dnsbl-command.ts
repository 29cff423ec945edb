// waypost dnsbl: what the lists of a node say about an address or a domain. Exit code 1 if the node refuses it.

import { isIP } from 'node:net'
import type { ListFinding, Subject } from '../../filter/dns-lists.ts'
import { scoreLists } from '../../policy/list-score.ts'
import { asciiDomain } from '../../smtp/domain.ts'
import { FAILED, type Io, json, line, OK, USAGE } from '../io.ts'
import { withConfig } from '../with-config.ts'
import { listsOfNode } from './lists-of-node.ts'

export interface DnsblOptions {
  readonly config: string
  /** An address or a domain. */
  readonly subject: string
  readonly json?: boolean
}

/** The questions of a command have no client; the local host stands for it. */
const NO_CLIENT = '127.0.0.1'

export function dnsbl({ config: file, subject: text, json: isJson }: DnsblOptions, io: Io): Promise<number> | number {
  const subject = subjectOf(text)
  if (subject === null) {
    line(io.stderr, `found ${JSON.stringify(text)}, expected an IP address or a domain`)
    return USAGE
  }
  return withConfig(file, io, async (config) => {
    const lists = listsOfNode(config)
    if (lists === null) {
      line(io.stderr, `${file}: found no lists, expected dnsbl and a role with the check dnsbl`)
      return USAGE
    }
    const refuseAt = config.dnsbl?.refuse_at ?? null
    const findings = await lists.ask(subject, { ip: NO_CLIENT })
    const { points } = scoreLists(findings)
    const isRefused = refuseAt !== null && points >= refuseAt
    if (isJson)
      json(io.stdout, { subject: subject.value, points, refuseAt, refused: isRefused, lists: findings.map(plain) })
    else {
      for (const one of findings) line(io.stdout, described(one))
      const threshold = refuseAt === null ? 'refuse_at: none' : `refused from ${refuseAt}`
      line(io.stdout, findings.length === 0 ? 'no list has this kind of name' : `${points} points, ${threshold}`)
    }
    return isRefused ? FAILED : OK
  })
}

function subjectOf(text: string): Subject | null {
  if (isIP(text) !== 0) return { kind: 'address', value: text }
  const domain = asciiDomain(text)
  return domain?.includes('.') ? { kind: 'domain', of: 'sender', value: domain } : null
}

function plain({ list, answer: { kind: result, ...rest } }: ListFinding) {
  return { list, result, ...rest }
}

const NAME_WIDTH = 16

function described({ list, answer }: ListFinding): string {
  const name = list.padEnd(NAME_WIDTH)
  switch (answer.kind) {
    case 'listed':
      return `${name} listed, ${answer.points} points: ${answer.meaning}${answer.url === null ? '' : ` (${answer.url})`}`
    case 'not-listed':
      return `${name} not listed`
    case 'unknown':
      return `${name} answered ${answer.addresses.join(', ')}, which has no meaning here: not a hit`
    case 'unavailable':
      return `${name} unavailable: ${answer.cause}`
  }
}
