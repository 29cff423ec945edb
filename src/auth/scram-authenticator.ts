// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677, RFC 9266): the node never sees the password. An unknown user, and one without keys, gets a
// salt that is the same each time, so that the first answer reveals nothing.

import { createHmac, randomBytes } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import { userText } from '../smtp/origin.ts'
import type { AppPassword } from './app-password.ts'
import { whyUnusable } from './app-password.ts'
import type {
  Identification,
  LoginClient,
  ScramAuthenticator,
  ScramBegin,
  ScramChannel,
  ScramEnd,
} from './authenticator.ts'
import { hasSalt, type ScramSalt, type ScramValue, SCRAM_ROUNDS, SCRAM_SALT_OCTETS } from './derived-schemes.ts'
import { identityOf } from './passwd-authenticator.ts'
import { type FoundPerson, type People, type PersonAnswer, scramOf } from './people.ts'
import { readClientFinal, readClientFirst, writeServerFirst } from './scram-messages.ts'
import type { ClientFirst } from './scram-messages.ts'
import { findProver, serverFinal } from './scram-proof.ts'
import { whyEnded } from './standing.ts'

export interface ScramSettings {
  readonly people: People
  /** The main domain. */
  readonly domain: string
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  /** For the salts of users without keys; the same after a restart. */
  readonly saltKey: Buffer
  /** `auto`: offered while it works for every user. */
  readonly mode: () => 'auto' | 'on' | 'off'
  /** Tests use that of a vector. */
  readonly newNonce?: () => string
}

/** 144 random bits, in characters that a nonce may have. */
const NONCE_OCTETS = 18
/** How long the answer to "does it work for every user" is kept: a look at all users costs a millisecond for a thousand. */
const KEEP_MS = 2000
const CHANNEL = 'tls-exporter'

interface Key {
  readonly value: ScramValue
  /** Null for that of the password. */
  readonly app: AppPassword | null
}

interface Exchange {
  readonly identity: string
  readonly first: ClientFirst
  readonly person: PersonAnswer
  readonly keys: readonly Key[]
  readonly nonce: string
  readonly serverFirst: string
  readonly channel: Buffer
  readonly client: LoginClient
}

export function createScramAuthenticator(settings: ScramSettings): ScramAuthenticator {
  const { people, domain, clock, saltKey, mode, newNonce = freshNonce } = settings
  let seen: { readonly at: number; readonly everyone: boolean } | null = null
  const worksForEveryone = () => {
    const at = clock.monotonic()
    if (seen === null || at - seen.at > KEEP_MS) seen = { at, everyone: people.allHaveScram() }
    return seen.everyone
  }
  return {
    isOffered: () => mode() === 'on' || (mode() === 'auto' && worksForEveryone()),
    begin: (message, channel): ScramBegin => {
      const first = readClientFirst(message)
      if (first.kind === 'malformed') return first
      const problem = channelProblem(first, channel)
      if (problem !== null) return { kind: 'refused', cause: problem }
      const identity = identityOf(first.user, domain)
      return {
        kind: 'begun',
        user: first.user,
        authzid: first.authzid,
        answer: async (client) => {
          const person = await people.find(identity)
          const keys = keysOf(person)
          const salt = keys[0]?.value ?? saltOf(identity, saltKey)
          const nonce = `${first.nonce}${newNonce()}`
          const bound = first.binding.kind === 'used' ? (channel.data ?? Buffer.alloc(0)) : Buffer.alloc(0)
          const exchange: Exchange = {
            identity,
            first,
            person,
            keys,
            nonce,
            client,
            serverFirst: writeServerFirst({ nonce, ...salt }),
            channel: Buffer.concat([Buffer.from(first.gs2Header), bound]),
          }
          return { message: exchange.serverFirst, end: (final) => judge(exchange, final, { people, clock }) }
        },
      }
    },
  }
}

/** Null if the client uses the channel as the mechanism requires (RFC 5802 6). */
function channelProblem({ binding }: ClientFirst, { isPlus, isPlusOffered }: ScramChannel): string | null {
  if (isPlus !== (binding.kind === 'used'))
    return isPlus
      ? 'the client chose -PLUS and binds no channel'
      : 'the client binds a channel and did not choose -PLUS'
  if (binding.kind === 'used' && binding.type !== CHANNEL)
    return `the channel binding ${binding.type} is not supported, only ${CHANNEL}`
  // The offer was removed on the way: a client that can bind would have chosen -PLUS.
  if (binding.kind === 'not-offered' && isPlusOffered)
    return 'the client supports channel binding and did not see the offer: someone may have changed it'
  return null
}

/** The keys with the salt that the client gets: those of the password come first. */
function keysOf(person: PersonAnswer): readonly Key[] {
  if (person.kind !== 'found') return []
  const main = scramOf(person)
  const all = [
    ...(main ? [{ value: main, app: null }] : []),
    ...(person.apps ?? []).map((app) => ({ value: app.scram, app })),
  ]
  const [chosen] = all
  return chosen ? all.filter(({ value }) => hasSalt(value, chosen.value)) : []
}

function saltOf(identity: string, key: Buffer): ScramSalt {
  const salt = createHmac('sha256', key).update(identity).digest().subarray(0, SCRAM_SALT_OCTETS)
  return { rounds: SCRAM_ROUNDS, salt }
}

function judge(exchange: Exchange, text: string, at: Pick<ScramSettings, 'people' | 'clock'>): ScramEnd {
  const final = readClientFinal(text)
  if (final.kind === 'malformed') return final
  const { identity, first, person, keys, nonce, serverFirst, channel } = exchange
  if (final.nonce !== nonce) return { kind: 'malformed', cause: 'the client changed the nonce' }
  const message = `${first.bare},${serverFirst},${final.withoutProof}`
  const found = findProver(
    keys.map(({ value }) => value),
    final.proof,
    message,
  )
  if (person.kind === 'unavailable') return { kind: 'judged', answer: person, message: null }
  const wrong = (cause: string): ScramEnd => {
    const doubt = person.kind === 'found' && person.doubt !== undefined ? { doubt: person.doubt } : {}
    return { kind: 'judged', answer: { kind: 'wrong', cause, ...doubt }, message: null }
  }
  if (!final.channel.equals(channel)) return wrong(`the channel of ${userText(identity)} is not the one of the client`)
  if (person.kind === 'absent') return wrong(person.cause ?? `unknown ${userText(identity)}`)
  if (keys.length === 0) return wrong(`${userText(identity)} has no keys of SCRAM-SHA-256`)
  const key = found === null ? undefined : keys[found]
  if (!key) return wrong(`wrong password of ${userText(identity)}`)
  const problem = whyRefused(exchange, person, { app: key.app, now: at.clock.now() })
  if (problem !== null) return wrong(problem)
  return {
    kind: 'judged',
    answer: identified(exchange, person, { ...at, app: key.app }),
    message: serverFinal(key.value, message),
  }
}

function whyRefused(
  { identity, client }: Exchange,
  person: FoundPerson,
  { app, now }: { readonly app: AppPassword | null; readonly now: number },
): string | null {
  if (person.allows && !person.allows(client.ip)) return `${userText(identity)} may not log in from ${client.ip}`
  return app && whyUnusable(app, { ip: client.ip, now })
}

function identified(
  { identity, client }: Exchange,
  { check }: FoundPerson,
  { people, clock, app }: Pick<ScramSettings, 'people' | 'clock'> & { readonly app: AppPassword | null },
): Identification {
  const proven = { identity, ip: client.ip, check, app }
  return {
    kind: 'identified',
    identity,
    ...(app === null ? {} : { app: app.label }),
    whyEnded: () => whyEnded(people, proven, clock.now()),
  }
}

function freshNonce(): string {
  return randomBytes(NONCE_OCTETS).toString('base64')
}
