import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { banAdd, banRemove } from './ban-change.ts'
import { banList } from './ban-list.ts'
import { readSubject } from './declare-ban.ts'

const NOW = Date.UTC(2026, 10, 21)
let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'ban-'))
})
afterEach(() => rmSync(data, { recursive: true }))

it.each([
  ['192.0.2.7', 'address', '192.0.2.7'],
  ['192.0.2.7/32', 'address', '192.0.2.7'],
  ['192.0.2.7/24', 'network', '192.0.2.0/24'],
  ['198.51.100.1/22', 'network', '198.51.100.0/22'],
  ['2001:DB8::1', 'address', '2001:db8:0:0::/64'],
  ['2001:db8:0:1:2::/80', 'address', '2001:db8:0:1::/64'],
  ['2001:db8:1:2::/48', 'network', '2001:db8:1::/48'],
  ['2001:db8::/32', 'network', '2001:db8::/32'],
  ['Kim', 'account', 'kim'],
  ['Kim@Bücher.example', 'account', 'kim@xn--bcher-kva.example'],
])('%s is the %s %s', (text, kind, value) => {
  expect(readSubject(text)).toEqual({ kind, value })
})

it.each(['0.0.0.0/0', '::/0', '192.0.2.0/33', 'no name', '', '2001:db8::/200'])('"%s" is no subject', (text) => {
  expect(() => readSubject(text)).toThrow(/expected/)
})

it('lists, makes and ends bans without a node', async () => {
  const place = { config: 'none.yaml', data, by: 'root', reason: 'scan', now: NOW }
  const subject = { kind: 'address', value: '192.0.2.7' } as const
  const run = async (use: (io: ReturnType<typeof captureIo>) => Promise<number> | number) => {
    const io = captureIo()
    return [await use(io), io.out() + io.err()]
  }
  const list = (json: boolean) => run((io) => banList({ ...place, all: false, limit: 10, json }, io))
  expect(await list(false)).toEqual([0, ''])
  expect(await run((io) => banAdd({ ...place, ...subject, duration: 7_200_000 }, io))).toEqual([
    0,
    'address  192.0.2.7  ends in 2h, by root: scan\n',
  ])
  expect(JSON.parse(String((await list(true))[1]))).toMatchObject([{ value: '192.0.2.7', until: NOW + 7_200_000 }])
  const remove = () => run((io) => banRemove({ ...place, ...subject }, io))
  expect(await remove()).toEqual([0, 'the ban of address 192.0.2.7 has ended\n'])
  expect(await remove()).toEqual([1, 'no ban of address 192.0.2.7 stands\n'])
})
