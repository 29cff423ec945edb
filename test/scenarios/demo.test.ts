// `waypost demo` is the first thing a newcomer runs: every story has to end as it must, and the exit code has to say so.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it } from 'vitest'

it('the demonstration tells all seven stories and ends with 0', { timeout: 180_000 }, async () => {
  const child = spawn(process.execPath, ['src/main.ts', 'demo'], { cwd: join(import.meta.dirname, '../..') })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  const [status] = (await once(child, 'close')) as [number | null]
  expect({ status, failed: output.split('\n').filter((line) => line.includes('✘')) }).toEqual({ status: 0, failed: [] })
  const summary = output.slice(output.indexOf('What happened'))
  expect([...summary.matchAll(/✔ \(([a-g])\)/g)].map((match) => match[1]).join('')).toBe('abcdefg')
})
