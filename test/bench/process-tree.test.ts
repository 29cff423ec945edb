// Unusual process names, grandchildren, and processor time of children that have ended.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { cpuSeconds, parseStat, treeOf, watchMemory } from './process-tree.ts'

const line = (pid: number, name: string, parent: number) =>
  `${pid} (${name}) S ${parent} 1 1 0 -1 4194560 99 98 97 96 11 22 33 44 20 0 1 0 12345 1000000 250 18446744073709551615\n`

describe('parseStat', () => {
  it.each(['node', 'a b', 'x) S 7 (y', '()'])('reads a process called %s', (name) => {
    expect(parseStat(line(42, name, 7))).toEqual({ pid: 42, parent: 7, ticks: 110, residentPages: 250 })
  })
})

it('selects a process and its descendants only', () => {
  const stats = [line(1, 'init', 0), line(10, 'a', 1), line(11, 'b', 10), line(12, 'c', 11), line(20, 'd', 1)].map(
    parseStat,
  )
  expect(treeOf(10, stats).map((stat) => stat.pid)).toEqual([10, 11, 12])
  expect(treeOf(99, stats)).toEqual([])
})

describe.runIf(process.platform === 'linux')('on this machine', () => {
  it('counts the time of a child that has ended, and sees memory', async () => {
    const burn = 'while (process.cpuUsage().user < 300_000);'
    const child = spawn('sh', ['-c', `"${process.execPath}" -e '${burn}'; read line`], {
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    const memory = watchMemory(child.pid as number)
    try {
      await expect.poll(() => cpuSeconds(child.pid as number), { timeout: 10_000 }).toBeGreaterThan(0.2)
    } finally {
      child.stdin?.end('\n')
      await once(child, 'exit')
    }
    const { rss, pss } = memory.stop()
    expect(rss).toBeGreaterThan(0)
    expect(pss).toBeGreaterThan(0)
  })
})
