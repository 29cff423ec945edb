// bash, zsh and fish complete commands, options and values with the scripts that the program prints.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { runWaypost } from '../lib/run-waypost.ts'

const folder = mkdtempSync(join(tmpdir(), 'waypost-completion-'))
const files = { bash: join(folder, 'waypost.bash'), zsh: join(folder, '_waypost'), fish: join(folder, 'waypost.fish') }

beforeAll(async () => {
  for (const [shell, file] of Object.entries(files)) {
    const { status, stdout } = await runWaypost(['completion', shell])
    expect(status).toBe(0)
    writeFileSync(file, stdout)
  }
  mkdirSync(join(folder, 'certificates'))
  writeFileSync(join(folder, 'certificate.pem'), '')
})
afterAll(() => rmSync(folder, { recursive: true }))

function output(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: 'utf8', timeout: 50_000 })
  if (status !== 0) throw new Error(`${program}: ${status} ${stdout}${stderr}`)
  return stdout
}

/** What is typed, and what each shell offers. */
const cases: readonly [typed: string, offered: readonly string[]][] = [
  ['waypost qu', ['queue']],
  ['waypost queue re', ['release', 'remove', 'restore', 'resume', 'retry']],
  ['waypost queue list --sen', ['--sender']],
  ['waypost greylist list --state ', ['allowed', 'due', 'expired', 'lost', 'waiting']],
  ['waypost -h autoconfig print ', ['apple', 'outlook', 'page', 'records', 'thunderbird']],
  ['waypost run --config certi', ['certificate.pem', 'certificates']],
  ['waypost queue show --data certi', ['certificates']],
  ['waypost passwd totp remove --config certificate.pem l', []],
]

describe.runIf(ensurePeers(['bash']))('bash', () => {
  it.each(cases)('%s', (typed, offered) => {
    const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _waypost; printf '%s\\n' "\${COMPREPLY[@]}"`
    const found = output('bash', ['-c', script, 'bash', files.bash, ...typed.split(' ')])
    expect(found.split('\n').filter(Boolean).toSorted()).toEqual(offered)
  })

  it('completes the value after an equals sign, which bash makes a separate word', () => {
    const script = `source "$1"; COMP_WORDS=(waypost greylist list --state = w); COMP_CWORD=5; _waypost; echo "\${COMPREPLY[@]}"`
    expect(output('bash', ['-c', script, 'bash', files.bash])).toBe('waiting\n')
  })
})

describe.runIf(ensurePeers(['fish']))('fish', () => {
  it.each(cases)('%s', (typed, offered) => {
    const found = output('fish', ['--no-config', '-c', `source $argv[1]; complete -C $argv[2]`, files.fish, typed])
    const words = found.split('\n').map((line) => line.replace(/\t.*/, '').replace(/\/$/, ''))
    expect(words.filter(Boolean).toSorted()).toEqual(offered)
  })
})

/** An interactive zsh on a terminal lists what it would complete. It stops a list when more is typed, so the script waits for the last word. */
const zshScript = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=; fpath=($1 \\$fpath); autoload -Uz compinit; compinit -u -D; bindkey '^I' list-choices; stty columns 200; cd $1; echo READ''Y"
zpty -r shell line '*READY*'
zpty -n -w shell "$2"$'\\t'
zpty -r shell line "*$3*"
print -r -- "$line"
`

describe.runIf(ensurePeers(['zsh']))('zsh', () => {
  it.each(cases.filter(([, offered]) => offered.length > 1))('%s', (typed, offered) => {
    const found = output('zsh', ['-f', '-c', zshScript, 'zsh', folder, typed, offered.at(-1) as string])
    expect(offered.filter((word) => !found.includes(word))).toEqual([])
  })
})
