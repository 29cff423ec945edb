import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { accountAllow } from './account-allow.ts'
import { accountHold } from './account-hold.ts'
import { accountList } from './account-list.ts'
import { readAccount } from './declare-account.ts'

const NOW = Date.UTC(2026, 10, 21)
let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'account-'))
})
afterEach(() => rmSync(data, { recursive: true }))

it.each([
  ['Kim', 'user:kim'],
  ['user:Kim@Bücher.example', 'user:kim@xn--bcher-kva.example'],
  ['machine:CI-01', 'machine:CI-01'],
  ['user:kim (app My phone)', 'user:kim (app My phone)'],
  ['Kim (app x)', 'user:kim (app x)'],
])('%s is the account %s', (text, name) => {
  expect(readAccount(text)).toBe(name)
})

it.each(['', 'user:', 'machine:'])('"%s" is no account', (text) => {
  expect(() => readAccount(text)).toThrow(/expected/)
})

const run = async (use: (io: ReturnType<typeof captureIo>) => Promise<number> | number) => {
  const io = captureIo()
  return [await use(io), io.out() + io.err()]
}
const place = () => ({ config: 'none.yaml', data, account: 'user:kim', by: 'node', reason: 'leak', now: NOW })
const list = (all = false, at = NOW) => run((io) => accountList({ ...place(), all, now: at }, io))

it('holds and releases without a node', async () => {
  const change = (action: 'hold' | 'release', now = NOW) => run((io) => accountHold({ ...place(), action, now }, io))
  expect(await change('release')).toEqual([1, 'user:kim is not on hold\n'])
  expect(await change('hold')).toEqual([0, 'user:kim is on hold\n'])
  expect(await change('hold')).toEqual([1, 'user:kim is on hold already\n'])
  // A user named node is not taken for the node itself.
  expect(await list()).toEqual([0, 'user:kim  on hold since 2026-11-21T00:00:00.000Z by operator node: leak\n'])
  expect(await change('release', NOW + 1000)).toEqual([0, 'user:kim is released\n'])
  expect(await list()).toEqual([0, 'no account is on hold, and nothing is announced\n'])
  expect((await list(true))[1]).toMatch(/held since .*: leak; released 2026-11-21T00:00:01.000Z by operator node: leak/)
})

it('announces newsletters until a time, and withdraws them', async () => {
  const allow = (recipients: number, until: number) =>
    run((io) => accountAllow({ ...place(), by: 'root', recipients, until }, io))
  expect(await allow(500, NOW)).toEqual([2, expect.stringContaining('found an end in the past')])
  const text = 'user:kim  500 recipients announced until 2026-11-21T00:01:00.000Z by root: leak\n'
  expect(await allow(500, NOW + 60_000)).toEqual([0, text])
  expect([await list(), await list(false, NOW + 60_000)]).toEqual([
    [0, text],
    [0, 'no account is on hold, and nothing is announced\n'],
  ])
  expect(await allow(0, NOW)).toEqual([0, 'user:kim has no announcement any more\n'])
  expect(await allow(0, NOW)).toEqual([1, 'user:kim has no announcement\n'])
})
