// Askers that give up.

import { describe, expect, it } from 'vitest'
import { shareQuestion } from './shared-question.ts'

describe('a shared question', () => {
  it('ends at once for an asker that gave up before it joined', async () => {
    let ended = 0
    const aborted = new AbortController()
    const question = shareQuestion<string>({
      ask: (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('aborted'))),
      given: () => 'given up',
      ended: () => ended++,
    })
    aborted.abort()
    expect(await question.join(aborted.signal)).toBe('given up')
    expect(ended).toBe(1)
  })
})
