// How long the session of a client stays open that is refused for good: until it sends QUIT, for some seconds (commands/dispatch.ts).

import type { Clock, Timer } from '../lib/clock.ts'
import type { Refusal, Reply } from '../smtp/reply.ts'
import type { ServerLimits } from './server-limits.ts'
import { refusedInGreeting, timedOut } from './server-replies.ts'
import type { Dialogue } from './session-dialogue.ts'

export interface StayPorts {
  readonly dialogue: Pick<Dialogue<unknown>, 'refused'>
  readonly limits: Pick<ServerLimits, 'refusedMs' | 'tarpitPressure'>
  readonly clock: Pick<Clock, 'after'>
  readonly pressure: () => number
  /** Sends a last reply and closes. */
  readonly end: (reply: Refusal) => void
}

/** A class, as its session. */
export class RefusedStay {
  readonly #ports: StayPorts
  #timer: Timer | null = null

  constructor(ports: StayPorts) {
    this.#ports = ports
  }

  /** False if the refusal ends the session at once: it is temporary, or places are scarce. */
  isAllowed({ code }: Refusal): boolean {
    const { limits, pressure } = this.#ports
    return code !== 421 && pressure() <= limits.tarpitPressure
  }

  /** @param reply to each command but QUIT; 503 after a refusal in place of a greeting */
  begin(reply: Reply = refusedInGreeting): void {
    const { dialogue, clock, limits, end } = this.#ports
    dialogue.refused = reply
    this.#timer = clock.after(limits.refusedMs, () => end(timedOut))
  }

  cancel(): void {
    this.#timer?.cancel()
  }
}
