// What each message of a soak is, from its number and the seed alone: the load, the sinks and the proof ask the same plan.

import { drawn } from './seeded-random.ts'

export const OWN_DOMAIN = 'own.example'
/** Delivered by the mx itself, by its transport. */
const BOX_DOMAIN = 'boxes.own.example'
export const SRS_DOMAIN = 'forwards.example'
export const FAR_DOMAINS = ['far-1.example', 'far-2.example', 'far-3.example', 'far-4.example'] as const
/** Addresses of each kind in the routing data. */
const ADDRESSES = 200
/** Sender domains, each with a network. */
export const SENDERS = 200
/** A client sends so many messages of its domain in one connection. */
export const BLOCK = 10

/**
 * `forward`: leaves through the srs. `box`: a transport of the mx. `group`: both. `unknown`: its recipient does not exist. `refused`: the
 * destination answers 5xx, so the srs sends a bounce. `returned`: the destination accepts it and sends a bounce to the SRS address.
 * `abandoned`: the client closes the connection in the middle of the data and never comes back.
 */
export type MailKind = 'forward' | 'box' | 'group' | 'unknown' | 'refused' | 'returned' | 'abandoned'

/** Shares of the kinds; what is left is `forward`. */
const SHARES: readonly (readonly [MailKind, number])[] = [
  ['box', 0.14],
  ['group', 0.06],
  ['unknown', 0.02],
  ['refused', 0.01],
  ['returned', 0.01],
  ['abandoned', 0.01],
]

/** Where copies are counted. */
export const SLOTS = { forward: 0, box: 1, report: 2 } as const
export const SLOT_COUNT = 3

const EXPECTED: Readonly<Record<MailKind, readonly number[]>> = {
  forward: [SLOTS.forward],
  box: [SLOTS.box],
  group: [SLOTS.forward, SLOTS.box],
  unknown: [],
  refused: [SLOTS.report],
  returned: [SLOTS.forward, SLOTS.report],
  abandoned: [],
}

const LOCAL_PARTS: Readonly<Record<MailKind, string>> = {
  forward: 'user',
  box: 'box',
  group: 'team',
  unknown: 'missing',
  refused: 'user',
  returned: 'user',
  abandoned: 'user',
}

/** Salts of `drawn`, so that the kind, the faults and the sizes do not depend on each other. */
export const SALTS = { kind: 1, sinkFault: 2, clientFault: 3, size: 4, schedule: 5 } as const

export function kindOf(seed: number, number: number): MailKind {
  let rest = drawn(seed, SALTS.kind, number)
  for (const [kind, share] of SHARES) {
    if (rest < share) return kind
    rest -= share
  }
  return 'forward'
}

/** The slots in which an accepted message of this kind must arrive. It must not arrive in others. */
export function expectedSlots(kind: MailKind): readonly number[] {
  return EXPECTED[kind]
}

/** The place of a message's sender domain. */
export function senderOf(number: number): number {
  return Math.floor(number / BLOCK) % SENDERS
}

export function senderDomain(place: number): string {
  return `sender-${place + 1}.example`
}

/** The reverse-path names the number: bounces come to it, and the sinks know the message before its data. */
export function reversePathOf(number: number): string {
  return `n${number}@${senderDomain(senderOf(number))}`
}

export function recipientOf(kind: MailKind, number: number): string {
  return `${LOCAL_PARTS[kind]}-${(number % ADDRESSES) + 1}@${OWN_DOMAIN}`
}

/** The number in a reverse-path or a recipient: `n17@sender-2.example`, or the same as an SRS address. Null in others. */
export function numberIn(path: string): number | null {
  const found = /<n(\d+)@|=n(\d+)@/i.exec(path)
  return found ? Number(found[1] ?? found[2]) : null
}

/** The routing data of both nodes. */
export function routingData(boxHop: string, generation: number): Record<string, unknown> {
  const places = Array.from({ length: ADDRESSES }, (_, place) => place + 1)
  const person = (place: number) => `person-${place}@${FAR_DOMAINS[place % FAR_DOMAINS.length]}`
  return {
    domains: [OWN_DOMAIN],
    transports: { [BOX_DOMAIN]: boxHop },
    aliases: {
      // A reload changes it.
      [`generation-${generation}`]: 'user-1',
      ...Object.fromEntries(places.map((place) => [`box-${place}`, `box-${place}@${BOX_DOMAIN}`])),
      ...Object.fromEntries(places.map((place) => [`team-${place}`, [person(place), `box-${place}@${BOX_DOMAIN}`]])),
    },
    forwards: Object.fromEntries(places.map((place) => [`user-${place}`, person(place)])),
  }
}
