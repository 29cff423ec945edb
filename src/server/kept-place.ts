// The place of one session, which moves it to the one that it has proven to deserve.

import type { Refusal } from '../smtp/reply.ts'
import { tooManyConnections } from './server-replies.ts'
import type { Dialogue } from './session-dialogue.ts'
import { type Proof, proofOf, type Refused, type SessionPlace } from './session-places.ts'

/** A class, as its session. */
export class KeptPlace {
  #place: SessionPlace
  /** No proof moves the session any more. */
  #isBest = false

  constructor(place: SessionPlace) {
    this.#place = place
  }

  get proof(): Proof | null {
    return this.#place.proof
  }

  readonly pressure = (): number => this.#place.pressure()

  /** Takes another place, that of the client that a front end names. The reply that ends the session if there is none, else null. */
  replace(place: SessionPlace | Refused): Refusal | null {
    if (place.kind === 'refused') return noPlace(place)
    this.#place = place
    this.#isBest = false
    return null
  }

  /** Takes the place that the session has proven to deserve. The reply that ends the session if there is none, else null. */
  keep({ session, transaction }: Pick<Dialogue<unknown>, 'session' | 'transaction'>): Refusal | null {
    if (this.#isBest) return null
    const proof = proofOf(session.origin, transaction !== null)
    const refused = proof && this.#place.prove(proof)
    this.#isBest = this.#place.proof === 'fleet'
    return refused && noPlace(refused)
  }
}

function noPlace({ cause }: Refused): Refusal {
  return { ...tooManyConnections, cause }
}
