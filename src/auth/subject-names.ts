// How operators name what they ban and which account they mean: for commands and for the status page.

import { clientNetwork, networkAround, parseNetwork } from '../lib/ip-address.ts'
import type { BanSubject } from '../state/ban-contract.ts'
import type { AccountName } from '../state/usage-contract.ts'
import { userKey } from './passwd-line.ts'

const CLIENT_BITS = 64
const IPV4_BITS = 32

/** An IPv6 address stands for its /64, because a client has all of it. A string says what is expected. */
export function readBanSubject(text: string): BanSubject | string {
  const network = parseNetwork(text)
  if (network === null) {
    if (text.trim() === '' || text.includes('/') || /\s/.test(text))
      return 'expected an address, a network such as 192.0.2.0/24, or a user name'
    return { kind: 'account', value: userKey(text) }
  }
  const [address = '', bits = ''] = network.split('/')
  const isOne = Number(bits) >= (address.includes(':') ? CLIENT_BITS : IPV4_BITS)
  if (isOne) return { kind: 'address', value: clientNetwork(address) }
  if (Number(bits) === 0) return 'expected a network with a prefix, not every address'
  return { kind: 'network', value: networkAround(address, Number(bits)) ?? network }
}

/** `kim`, `user:kim`, `machine:ci-01`, `user:kim (app phone)`. Null for nothing. */
export function readAccountName(text: string): AccountName | null {
  const [, kind = 'user', rest = ''] = /^(?:(user|machine):)?(.*)$/s.exec(text) ?? []
  if (rest.trim() === '') return null
  if (kind === 'machine') return `machine:${rest}`
  const [, user = rest, app] = /^(.*?) \(app (.*)\)$/s.exec(rest) ?? []
  return `user:${userKey(user)}${app === undefined ? '' : ` (app ${app})`}`
}
