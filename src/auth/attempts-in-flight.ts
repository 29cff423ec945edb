// Login attempts that are being judged, by whatever they are counted for. An attempt that finds no place waits for the end of one of them.

export interface AttemptsInFlight {
  /** Adds one for each key. Call the result once, at its end. */
  begin(keys: readonly string[]): () => void
  of(key: string): number
  /** Resolves when an attempt of the key ends. Attempts that wait are woken in their order. */
  nextEnd(key: string): Promise<void>
}

interface Entry {
  count: number
  waiting: (() => void)[]
}

export function createAttemptsInFlight(): AttemptsInFlight {
  const entries = new Map<string, Entry>()
  const end = (key: string) => {
    const entry = entries.get(key)
    if (!entry) return
    entry.count--
    if (entry.count === 0) entries.delete(key)
    const { waiting } = entry
    entry.waiting = []
    for (const wake of waiting) wake()
  }
  return {
    begin: (keys) => {
      for (const key of keys) {
        const entry = entries.get(key) ?? { count: 0, waiting: [] }
        entry.count++
        entries.set(key, entry)
      }
      return () => keys.forEach(end)
    },
    of: (key) => entries.get(key)?.count ?? 0,
    nextEnd: (key) => {
      const entry = entries.get(key)
      if (!entry) return Promise.resolve()
      return new Promise((resolve) => entry.waiting.push(resolve))
    },
  }
}
