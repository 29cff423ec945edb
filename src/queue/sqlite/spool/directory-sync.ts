// Makes directory entries durable. Calls during a running fsync of the same directory share the next fsync.

import { syncDirectory } from '../../../lib/sync-directory.ts'

interface Turn {
  running: Promise<void>
  next: Promise<void> | null
}

export class DirectorySync {
  readonly #turns = new Map<string, Turn>()

  /** Resolves when every entry made before this call is durable. */
  sync(directory: string): Promise<void> {
    const turn = this.#turns.get(directory)
    if (!turn) return this.#begin(directory)
    turn.next ??= turn.running.then(
      () => this.#begin(directory),
      () => this.#begin(directory),
    )
    return turn.next
  }

  #begin(directory: string): Promise<void> {
    const turn: Turn = { running: syncDirectory(directory), next: null }
    this.#turns.set(directory, turn)
    const done = () => {
      if (turn.next === null) this.#turns.delete(directory)
    }
    turn.running.then(done, done)
    return turn.running
  }
}
