// Leaves of a walk to destinations: the reverse-path of each copy (SRS where it leaves for the world), duplicates merged.
// Room: route.

import { addressKey, parseAddress, printAddress } from '../directory/address.ts'
import { isTemporary } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'
import { lookupFailed, senderTooLong } from './routing-replies.ts'
import type { Destination, Step } from './resolution.ts'
import { encodeSrs, isSrsDomain } from './srs/srs.ts'
import { encodeToken } from './srs/srs-token.ts'
import type { Leaf, Lost, Walk } from './resolution-state.ts'

export interface Departure {
  readonly destinations: readonly Destination[]
  readonly lost: readonly Lost[]
}

/** The destinations, in the order found; those that cannot leave are answered as lost. */
export async function depart(walk: Walk): Promise<Departure> {
  const destinations = new Map<string, Destination>()
  const lost: Lost[] = [...walk.lost]
  for (const leaf of walk.leaves) {
    const sender = await departingSender(walk, leaf)
    if ('reply' in sender) {
      // Temporary: the whole mail has to come again, or this member would never get it.
      if (isTemporary(sender.reply)) return { destinations: [], lost: [{ reply: sender.reply, via: leaf.via }] }
      lost.push({ reply: sender.reply, via: leaf.via })
      continue
    }
    const destination: Destination = {
      recipient: printAddress(leaf.address),
      original: walk.request.forwardPath,
      reversePath: sender.reversePath,
      nextHop: leaf.nextHop,
      private: leaf.private,
      ...(leaf.forward ? { forward: leaf.forward } : {}),
      ...(leaf.handedOver ? { handedOver: leaf.handedOver } : {}),
      via: sender.step ? [...leaf.via, sender.step] : leaf.via,
    }
    const key = `${leaf.nextHop} ${mergeKey(walk, leaf)}`
    const first = destinations.get(key)
    destinations.set(key, first ? merged(first, destination) : destination)
  }
  return { destinations: [...destinations.values()], lost }
}

interface DepartingSender {
  readonly reversePath: string | null
  readonly step?: Step
}

async function departingSender(walk: Walk, leaf: Leaf): Promise<DepartingSender | { readonly reply: Refusal }> {
  const { reversePath, at } = walk.request
  const { srs } = walk.settings
  if (!srs?.rewrite || !leaf.leaves || reversePath === null) return { reversePath }
  const isOwn = (domain: string) => walk.directory.domain(domain) !== undefined || isSrsDomain(domain, srs)
  const short = encodeSrs(reversePath, at, srs, isOwn)
  const made = short.kind === 'too-long' && srs.tokens ? await encodeToken(reversePath, at, srs, srs.tokens) : short
  if (made.kind === 'unavailable') return { reply: lookupFailed(made.cause) }
  if (made.kind === 'unchanged') return { reversePath }
  if (made.kind === 'too-long') return { reply: senderTooLong(`SRS of <${reversePath}> has ${made.octets} octets`) }
  const note = `${printAddress(leaf.address)} is foreign and so is the sender`
  return {
    reversePath: made.address,
    step: { rule: 'srs', from: reversePath, to: made.address, source: 'configuration', note },
  }
}

/** Our own local parts know no case; whether others' do is theirs to say (RFC 5321 2.4). */
function mergeKey(walk: Walk, leaf: Leaf): string {
  return walk.directory.domain(leaf.address.domain) ? addressKey(leaf.address) : printAddress(leaf.address)
}

function merged(first: Destination, second: Destination): Destination {
  const way = second.via.findLast((step) => parseAddress(step.to) !== null && step.rule !== 'srs')
  if (!way) return first
  const step: Step = { rule: 'merge', from: way.from, to: first.recipient, source: way.source }
  return { ...first, private: first.private && second.private, via: [...first.via, step] }
}
