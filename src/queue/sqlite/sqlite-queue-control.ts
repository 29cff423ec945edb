// Queue control over control steps: in the store worker for the daemon, on a connection beside it for a command.

import type { Clock } from '../../lib/clock.ts'
import type { ControlRequest, ControlResult, DestinationRequest, QueueControl } from '../contract/queue-control.ts'
import type { ControlStep, ControlStepResult } from './worker/worker-protocol.ts'

export interface ControlPorts {
  readonly run: (step: ControlStep) => Promise<ControlStepResult>
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  /** Called between two steps with the duration of the last one, ms. */
  readonly rest?: (stepMs: number) => Promise<void>
}

export class SqliteQueueControl implements QueueControl {
  readonly #ports: ControlPorts

  constructor(ports: ControlPorts) {
    this.#ports = ports
  }

  async control(request: ControlRequest): Promise<ControlResult> {
    const { run, clock, rest } = this.#ports
    let changed = 0
    let afterAttempt = 0
    for (let after: number | null = 0; after !== null; ) {
      const begin = clock.monotonic()
      const step: ControlStepResult = await run({ kind: 'act', ...request, after, now: clock.now() })
      if (step.kind !== 'act') break
      changed += step.changed
      afterAttempt += step.afterAttempt
      after = step.next
      if (after !== null) await rest?.(clock.monotonic() - begin)
    }
    return { changed, afterAttempt }
  }

  suspend(request: DestinationRequest): Promise<boolean> {
    return this.#setSuspended('suspend', request)
  }

  resume(request: DestinationRequest): Promise<boolean> {
    return this.#setSuspended('resume', request)
  }

  async #setSuspended(kind: 'suspend' | 'resume', request: DestinationRequest): Promise<boolean> {
    const result = await this.#ports.run({ kind, ...request, now: this.#ports.clock.now() })
    return result.kind === 'flag' && result.changed
  }
}
