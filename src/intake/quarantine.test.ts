// The bounds of the quarantine: what is over them is deferred, never lost.

import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { sampleSession } from '../../test/lib/check-facts.ts'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createBudgets } from '../budget/budgets.ts'
import { createQuarantine } from './quarantine.ts'

const content = { header: Buffer.from('Subject: x\r\n\r\n'), bodySize: 86, openBody: () => Readable.from([]) }
const none = { messages: 0, octets: 0, oldestArrivedAt: null }

function quarantine(stored: Partial<typeof none> = {}) {
  const bySite = createBudgets(createFakeClock()).rate('quarantined')
  const settings = { keepMs: 1000, messages: 10, octets: 1000 }
  const made = createQuarantine(settings, { stored: async () => ({ ...none, ...stored }), bySite })
  return (remoteIp: string) =>
    made.admit({ session: sampleSession({ remoteIp }), content, at: 5 }, 'quarantine: score 12')
}

describe('the quarantine', () => {
  it('holds a message until its end', async () => {
    expect(await quarantine()('192.0.2.1')).toEqual({
      kind: 'held',
      held: { by: 'node', reason: 'quarantine: score 12', until: 1005 },
    })
  })

  it.each([{ messages: 10 }, { octets: 901 }])('defers if %j are held', async (stored) => {
    expect(await quarantine(stored)('192.0.2.1')).toMatchObject({
      kind: 'refused',
      reply: { code: 451, enhanced: '4.7.1', cause: expect.stringContaining('the quarantine is full') },
    })
  })

  it('takes what just fits', async () => {
    expect((await quarantine({ messages: 9, octets: 900 })('192.0.2.1')).kind).toBe('held')
  })

  it('leaves space to other sites', async () => {
    const admit = quarantine()
    const kinds = await Array.fromAsync({ length: 60 }, async (_, i) => (await admit(`192.0.2.${i}`)).kind)
    expect(kinds.filter((kind) => kind === 'held')).toHaveLength(50)
    expect((await admit('198.51.100.1')).kind).toBe('held')
  })
})
