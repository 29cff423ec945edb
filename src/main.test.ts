import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

test('whoever reads only the beginning of the output gets no stack for it', () => {
  const { stderr } = spawnSync('sh', ['-c', '"$0" "$1" --help | true', process.execPath, main], { encoding: 'utf8' })
  expect(stderr).toBe('')
})
