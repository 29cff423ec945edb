import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

test('a reader that closes the pipe early causes no stack trace', () => {
  const { stderr } = spawnSync('sh', ['-c', '"$0" "$1" --help | true', process.execPath, main], {
    encoding: 'utf8',
    input: 'secret\n',
  })
  expect(stderr).toBe('')
})

/** Runs `waypost` in a shell with these arguments and redirections. */
function shell(args: string) {
  return spawnSync('sh', ['-c', `"$0" "$1" ${args}`, process.execPath, main], { encoding: 'utf8', input: 'secret\n' })
}

test.runIf(existsSync('/dev/full'))('an error on standard output is reported in one line and with exit code 1', () => {
  const { status, stderr } = shell('passwd hash --scheme SSHA > /dev/full')
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^cannot write to standard output: ENOSPC.*\n$/),
  })
})

test.runIf(existsSync('/dev/full'))('a closed stderr leaves the exit code unchanged', () => {
  const { stdout } = shell('check -c /nonexistent 2> /dev/full; echo $?')
  expect(stdout).toBe('2\n')
})
