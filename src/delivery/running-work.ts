// The attempts and queue requests under way. A drain waits for them; an error that none of them handles is a bug.

import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'

export class RunningWork {
  readonly #ports: { readonly clock: Clock; readonly log: Pick<Log, 'bug'> }
  readonly #running = new Set<Promise<void>>()

  constructor(ports: { readonly clock: Clock; readonly log: Pick<Log, 'bug'> }) {
    this.#ports = ports
  }

  get size(): number {
    return this.#running.size
  }

  add(work: Promise<void>): void {
    const tracked = work.catch((error: unknown) => this.#ports.log.bug(error, 'delivery'))
    this.#running.add(tracked)
    void tracked.finally(() => this.#running.delete(tracked))
  }

  /** Waits at most `ms` until no work runs and `writer` has recorded everything. */
  async idle(ms: number, writer: { readonly unsettled: number; idle(): Promise<void> }): Promise<void> {
    const untilIdle = async () => {
      while (this.size > 0 || writer.unsettled > 0) await Promise.all([...this.#running, writer.idle()])
    }
    const timeout = new AbortController()
    const timedOut = this.#ports.clock.sleep(ms, timeout.signal).catch(() => undefined)
    await Promise.race([untilIdle(), timedOut])
    timeout.abort()
  }
}
