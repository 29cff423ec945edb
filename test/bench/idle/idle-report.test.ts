import { expect, it } from 'vitest'
import { formatIdle, IDLE_HEADING } from './idle-report.ts'

const machine = { processor: 'x', cores: 2, memory: '1 GiB', system: 'y', syncMs: 1, node: 'v26', load: 1.25 }
const memory = { rss: 119.4, pss: 60.2, privateDirty: 50, threads: 13 }

it('compares figures with the aims', () => {
  const text = formatIdle(
    { machine, command: 'npm run bench -- idle', date: '2026-11-30' },
    {
      nodes: [
        { role: 'mx', program: 'bundle', cpu: 0.45, wall: 1.2, memory },
        { role: 'solo', program: 'executable', cpu: 1.01, wall: 1.2, memory: { ...memory, rss: 120.4 } },
      ],
      commands: [
        { command: 'status', program: 'bundle', cpu: 0.399, wall: 0.5 },
        { command: 'check', program: 'bundle', cpu: 0.41, wall: 0.5 },
      ],
      bare: { memory, cpu: 0.03, wall: 0.04 },
      idleSeconds: 30,
      runs: 5,
    },
  )
  expect(text.startsWith(`${IDLE_HEADING}\n`)).toBe(true)
  expect(text.split('\n').filter((line) => /^\| (?!role|command)/.test(line))).toEqual([
    '| mx | bundle | 119 | 60 | 50 | 13 | < 120 | met | 0.45 s | 1.20 s | < 1 s | met |',
    '| solo | executable | 120 | 60 | 50 | 13 | < 120 | **missed** | 1.01 s | 1.20 s | < 1 s | **missed** |',
    '| `status` | bundle | 0.40 s | 0.50 s | < 0.4 s | met |',
    '| `check` | bundle | 0.41 s | 0.50 s | < 0.4 s | **missed** |',
  ])
})
