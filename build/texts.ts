// Texts that are generated from the declarations of the commands: manual pages and the completion of shells.

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bashCompletion } from '../src/cli/completion/bash-completion.ts'
import { completedCommand } from '../src/cli/completion/completed-commands.ts'
import { fishCompletion } from '../src/cli/completion/fish-completion.ts'
import { zshCompletion } from '../src/cli/completion/zsh-completion.ts'
import { manPages } from '../src/cli/manual/man-pages.ts'
import { createProgram } from '../src/cli/program.ts'

const root = join(import.meta.dirname, '..')

export interface Texts {
  /** By file name: `waypost.1`. */
  readonly manual: ReadonlyMap<string, string>
  readonly completion: { readonly bash: string; readonly zsh: string; readonly fish: string }
}

function declaredProgram() {
  const nothing = (): never => {
    throw new Error('no command runs here')
  }
  const { stdin, stdout, stderr } = process
  return createProgram({ io: { stdin, stdout, stderr }, finish: nothing, exit: nothing })
}

/** @param date of the release: 2026-11-30 */
export function generatedTexts(date: string): Texts {
  const program = declaredProgram()
  const commands = completedCommand(program)
  return {
    manual: manPages(program, date),
    completion: { bash: bashCompletion(commands), zsh: zshCompletion(commands), fish: fishCompletion(commands) },
  }
}

export function writeTexts({ manual, completion }: Texts, folder: string): void {
  for (const part of ['man/man1', 'completion']) mkdirSync(join(folder, part), { recursive: true })
  for (const [name, page] of manual) writeFileSync(join(folder, 'man/man1', name), page)
  writeFileSync(join(folder, 'completion/waypost.bash'), completion.bash)
  writeFileSync(join(folder, 'completion/_waypost'), completion.zsh)
  writeFileSync(join(folder, 'completion/waypost.fish'), completion.fish)
}

/** The version that `waypost --version` prints. */
export function programVersion(): string {
  return declaredProgram().version() as string
}

/** The date of the last commit, so that the same sources give the same files; without git that of the first release. */
export function releaseDate(): string {
  const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%cs'], { cwd: root, encoding: 'utf8' })
  return status === 0 && stdout !== '' ? stdout.trim() : '2026-11-30'
}
