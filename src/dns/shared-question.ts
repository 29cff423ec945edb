// One question with several askers. It is aborted when all of them have given up.

import { abortQuietly } from '../lib/abort-quietly.ts'

export interface SharedQuestion<T> {
  /** The answer, or `given` if this asker gives up first. */
  join(signal: AbortSignal | undefined): Promise<T>
}

export interface SharedQuestionParts<T> {
  readonly ask: (aborted: AbortSignal) => Promise<T>
  /** The answer for an asker that gave up. */
  readonly given: () => T
  /** Called once: the question is answered, has failed, or is aborted. */
  readonly ended: () => void
}

/** Asks at once. */
export function shareQuestion<T>({ ask, given, ended }: SharedQuestionParts<T>): SharedQuestion<T> {
  const controller = new AbortController()
  let askers = 0
  let isOpen = true
  const end = () => {
    if (!isOpen) return
    isOpen = false
    ended()
  }
  const answer = ask(controller.signal).finally(end)
  const giveUp = () => {
    if (--askers > 0) return
    abortQuietly(controller)
    end()
  }
  return {
    join: (signal) => {
      askers++
      if (signal === undefined) return answer
      return new Promise((resolve, reject) => {
        const abort = () => {
          resolve(given())
          giveUp()
        }
        // It may have given up while it waited for a place; its signal comes once only.
        if (signal.aborted) return abort()
        signal.addEventListener('abort', abort, { once: true })
        answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
      })
    },
  }
}
