// The values of setup as operators write them, in flags, answers and files.

import { isIP } from 'node:net'
import { serverAddress } from '../../config/values.ts'
import { isLoopbackAddress } from '../../lib/ip-address.ts'
import { type NewNode, type Person, type Runner, runners } from '../../setup/setup-folder.ts'
import { asciiDomain } from '../../smtp/domain.ts'
import { formatMailbox, parseMailbox } from '../../smtp/mailbox.ts'
import type { Answer } from './ask.ts'

const nodeName = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** A name that needs no quotes in an address, and can be a user name. */
const personName = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/

export function readDomainName(text: string): Answer<string> {
  const domain = asciiDomain(text.toLowerCase().replace(/\.$/, ''))
  return domain?.includes('.') && isIP(domain) === 0 ? ok(domain) : bad(text, 'a domain such as example.org')
}

/** Addresses of one node, separated by commas or spaces. */
export function readAddresses(text: string): Answer<readonly string[]> {
  const list = text.split(/[\s,]+/).filter((one) => one !== '')
  const wrong = list.find((one) => isIP(one) === 0)
  if (wrong !== undefined) return bad(wrong, 'an IP address such as 192.0.2.25')
  return list.length === 0 ? bad(text, 'at least one IP address') : ok(list)
}

/** `name=role:address,address`; a client host needs no address. */
export function readNode(text: string): Answer<NewNode> {
  const [, name = '', role = '', addresses = ''] = /^([^=:]+)=([^:]+)(?::(.*))?$/.exec(text) ?? []
  if (!nodeName.test(name)) return bad(text, 'NAME=ROLE:ADDRESS such as mx-02=mx:192.0.2.26')
  if (addresses === '') return ok({ name, role, addresses: [] })
  const read = readAddresses(addresses)
  return read.kind === 'ok' ? ok({ name, role, addresses: read.value }) : read
}

/** The nodes of a role: a list with spaces, one node each; commas join the addresses of one node. */
export function readNodesOf(role: string, isOptional: boolean): (text: string) => Answer<readonly NewNode[]> {
  return (text) => {
    const groups = text.split(/\s+/).filter((one) => one !== '' && one !== 'none')
    if (groups.length === 0) return isOptional ? ok([]) : bad(text, 'at least one IP address')
    const nodes: NewNode[] = []
    for (const [index, group] of groups.entries()) {
      const read = readAddresses(group)
      if (read.kind === 'bad') return read
      nodes.push({ name: `${role}-${String(index + 1).padStart(2, '0')}`, role, addresses: read.value })
    }
    return ok(nodes)
  }
}

/** `name=forward`. */
export function readPerson(text: string): Answer<Person> {
  const at = text.indexOf('=')
  const name = readPersonName(at < 0 ? text : text.slice(0, at))
  if (at < 0 || name.kind === 'bad') return bad(text, 'NAME=ADDRESS such as kim=kim@home.example.net')
  const forward = readForward(text.slice(at + 1))
  return forward.kind === 'ok' ? ok({ name: name.value, forward: forward.value }) : forward
}

export function readPersonName(text: string): Answer<string> {
  return personName.test(text) ? ok(text) : bad(text, 'a name of lower-case letters, digits and . _ - such as kim')
}

export function readForward(text: string): Answer<string> {
  const parsed = parseMailbox(text)
  return parsed.kind === 'mailbox' && parsed.mailbox.domain.includes('.')
    ? ok(formatMailbox(parsed.mailbox))
    : bad(text, 'an address such as kim@home.example.net')
}

export function readRunner(text: string): Answer<Runner> {
  const runner = runners.find((one) => one === text.toLowerCase())
  return runner ? ok(runner) : bad(text, runners.join(', '))
}

/** @param runner in a container, loopback is not that of the host */
export function readResolver(text: string, runner: Runner): Answer<string> {
  const read = serverAddress.safeParse(text)
  if (!read.success) return bad(text, 'an IP address with a port such as 127.0.0.1:53')
  const { host } = read.data as { readonly host: string }
  if (runner !== 'systemd' && isLoopbackAddress(host))
    return bad(text, `an address that a ${runner} container can reach: loopback is the container itself`)
  return ok(text)
}

function ok<T>(value: T): Answer<T> {
  return { kind: 'ok', value }
}

function bad(found: string, expected: string): { readonly kind: 'bad'; readonly problem: string } {
  return { kind: 'bad', problem: `found ${found === '' ? 'nothing' : found}, expected ${expected}` }
}
