import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

test('whoever reads only the beginning of the output gets no stack for it', () => {
  const { stderr } = spawnSync('sh', ['-c', '"$0" "$1" --help | true', process.execPath, main], {
    encoding: 'utf8',
    input: 'secret\n',
  })
  expect(stderr).toBe('')
})

/** Runs a command by the shell with `arguments` behind the program's name. */
function shell(args: string) {
  return spawnSync('sh', ['-c', `"$0" "$1" ${args}`, process.execPath, main], { encoding: 'utf8', input: 'secret\n' })
}

test.runIf(existsSync('/dev/full'))('output that cannot be written is a failure in one line', () => {
  const { status, stderr } = shell('passwd hash --scheme SSHA > /dev/full')
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^the output cannot be written: ENOSPC.*\n$/),
  })
})

test.runIf(existsSync('/dev/full'))('whoever does not read what is wrong gets the exit code all the same', () => {
  const { stdout } = shell('check -c /nonexistent 2> /dev/full; echo $?')
  expect(stdout).toBe('2\n')
})
