// Reverse DNS and HELO name of every address that mail leaves from: the PTR record, the name in it, and the address of that name
// (RFC 5321 4.1.1.1). Gmail and others refuse mail without it.

import { reverseName } from '../dns/fcrdns.ts'
import { lookupAddresses } from '../dns/host-addresses.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Fleet } from '../fleet/fleet-model.ts'
import type { DnsFinding } from './findings.ts'
import { sourcesOf } from './plan-records.ts'
import { purposes } from './purposes.ts'

const HELO_BREAKS = 'receivers that compare the HELO name with the address treat the mail as spam'

/** The missing and wrong PTR records themselves are found with the other sets; here the chain is followed. */
export async function checkAddresses(fleet: Fleet, resolver: Resolver): Promise<readonly DnsFinding[]> {
  const all = sourcesOf(fleet).map(({ address, node }) => checkAddress(address, node.hostname, resolver))
  return (await Promise.all(all)).flat()
}

async function checkAddress(address: string, hostname: string, resolver: Resolver): Promise<readonly DnsFinding[]> {
  const [reverse, forward] = await Promise.all([
    resolver.resolve(reverseName(address) as string, 'PTR'),
    lookupAddresses(resolver, hostname),
  ])
  const helo =
    forward.kind === 'unavailable'
      ? [unknown(address, `the HELO name ${hostname} cannot be looked up: ${forward.cause}`)]
      : forward.kind === 'found' && forward.addresses.some((one) => reverseName(one.address) === reverseName(address))
        ? []
        : [
            finding('helo', address, {
              problem: `the HELO name ${hostname} does not have this address`,
              breaks: HELO_BREAKS,
              advice: `Add the address to ${hostname}, or set delivery.helo of the node to a name that has it`,
            }),
          ]
  if (reverse.kind === 'unavailable')
    return [...helo, unknown(address, `its reverse DNS cannot be looked up: ${reverse.cause}`)]
  if (reverse.kind === 'absent' || reverse.records.includes(hostname)) return helo
  return [...helo, ...(await checkOtherNames(address, { hostname, names: reverse.records, resolver }))]
}

interface OtherNames {
  readonly hostname: string
  readonly names: readonly string[]
  readonly resolver: Resolver
}

/** Names asked about: an address with more has a shared name anyway. */
const MAX_NAMES = 5

/** A PTR record with another name: confirmed by its address, it is enough for most receivers, though not the HELO name. */
async function checkOtherNames(
  address: string,
  { hostname, names, resolver }: OtherNames,
): Promise<readonly DnsFinding[]> {
  const own = reverseName(address)
  const found = await Promise.all(names.slice(0, MAX_NAMES).map((name) => lookupAddresses(resolver, name)))
  const isConfirmed = found.some(
    (one) => one.kind === 'found' && one.addresses.some((each) => reverseName(each.address) === own),
  )
  if (isConfirmed) return []
  const causes = found.flatMap((one) => (one.kind === 'unavailable' ? [one.cause] : []))
  if (causes[0] !== undefined) return [unknown(address, `the name ${names[0]} cannot be looked up: ${causes[0]}`)]
  return [
    finding('confirm', address, {
      problem: `its name ${names.join(', ')} does not lead back to it`,
      breaks: purposes.reverse.breaks,
      advice: `Ask the provider of the address to set its name to ${hostname}`,
    }),
  ]
}

function finding(
  kind: string,
  subject: string,
  { problem, breaks, advice }: { readonly problem: string; readonly breaks: string; readonly advice: string },
): DnsFinding {
  return { id: `${kind} ${subject}`, severity: 'error', subject, problem, breaks, advice }
}

function unknown(subject: string, problem: string): DnsFinding {
  return {
    id: `unknown ${subject}`,
    severity: 'warning',
    subject,
    problem,
    breaks: null,
    advice: null,
    isUnknown: true,
  }
}
