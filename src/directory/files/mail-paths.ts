// Finds the files of one `mail:` entry of the node's YAML: a file, a folder of fragments, or a repository of people and teams.

import { basename } from 'node:path'
import type { Files } from './files.ts'
import type { ProblemList } from '../data-problem.ts'

/** The folders of people and teams; other files of such a repository are not about mail. */
const teamFolders = ['people', 'teams']

export interface MailPaths {
  /** YAML, JSON, or aliases(5). */
  readonly plain: readonly string[]
  /** TOML files of people and teams. */
  readonly teams: readonly string[]
  /** Folders, other than the entry itself, that change when a file is added or removed. */
  readonly folders: readonly string[]
}

/** Finds the files of an entry. Files of other mail systems that would be ignored are refused by name. */
export function mailPathsAt(path: string, files: Files, problems: ProblemList): MailPaths {
  if (files.read(path).kind !== 'folder') {
    const isToml = path.endsWith('.toml')
    return { plain: isToml ? [] : [path], teams: isToml ? [path] : [], folders: [] }
  }
  for (const forward of files.glob(path, '.forward*')) {
    const [, name] = /^\.forward-(.+)$/.exec(basename(forward)) ?? []
    const advice =
      name === 'default' ? 'write it under mail::catch_all' : `write it as an alias${name ? ` "USER-${name}"` : ''}`
    problems.error({ file: forward, line: 0, column: 0 }, `Waypost does not read .forward files: ${advice}`)
  }
  const folders = teamFolders.map((name) => `${path}/${name}`).filter((each) => files.read(each).kind === 'folder')
  const homes = folders.length > 0 ? folders : [path]
  if (folders.length === 0) warnIgnored(path, files, problems)
  return {
    // Beside people and teams, JSON files belong to other programs.
    plain: files.glob(path, folders.length > 0 ? '*.{yaml,yml}' : '*.{yaml,yml,json}'),
    teams: homes.flatMap((each) => files.glob(each, '*.toml')),
    folders,
  }
}

/** Warns of aliases(5) files in a folder of fragments, where they are not read. */
function warnIgnored(path: string, files: Files, problems: ProblemList): void {
  for (const each of files.glob(path, '*')) {
    if (basename(each).includes('.') || files.read(each).kind !== 'found') continue
    problems.warn(
      { file: each, line: 0, column: 0 },
      'this file is not read: a folder may hold *.yaml, *.yml, *.json and *.toml; name an aliases(5) file directly under "mail:"',
    )
  }
}
