// A notification between modules that would otherwise need each other to exist: it is created first, then given to both sides.

export interface Signal {
  /** Calls all subscribers at once, in the order of subscription. */
  readonly publish: () => void
  /** Calls `run` at each notification from now on. Notifications before that are lost. */
  readonly subscribe: (run: () => void) => void
}

export function createSignal(): Signal {
  const subscribers: (() => void)[] = []
  return {
    publish: () => {
      for (const run of subscribers) run()
    },
    subscribe: (run) => void subscribers.push(run),
  }
}
