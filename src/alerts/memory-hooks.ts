// Alerts that wait for a target, in memory: a full disk or a broken file must not stop them. After a restart the checks raise what is still wrong.

import type { HookQueue, QueuedHook } from '../state/webhook-contract.ts'

export interface MemoryHooks extends Pick<HookQueue, 'next' | 'finish'> {
  /** False if the oldest was dropped for it. `at` is unix milliseconds. */
  add(body: string, at: number): boolean
}

export function createMemoryHooks(capacity: number): MemoryHooks {
  const waiting: QueuedHook[] = []
  let last = 0
  return {
    add: (body, at) => {
      const id = ++last
      waiting.push({ id, key: String(id), at, body })
      if (waiting.length <= capacity) return true
      waiting.shift()
      return false
    },
    next: async () => waiting[0] ?? null,
    finish: async (id) => {
      const index = waiting.findIndex((one) => one.id === id)
      if (index >= 0) waiting.splice(index, 1)
    },
  }
}
