// The settings of `waypost sendmail`: lines `key value` in a file that every user can read. Without the file the defaults apply. YAML would
// double the time that the command takes to start.

import { readFileSync } from 'node:fs'
import { readEndpoint } from '../lib/endpoint.ts'
import type { Place } from './smtp-session.ts'

export interface SendmailSettings {
  /** The node on this machine. */
  readonly server: Place
  /** Where messages wait while the node is down; null for nowhere. */
  readonly drop: string | null
  /** Socket of the submission node, for --as. */
  readonly submission: string
  /** Domain of users that --as names without one; null if they must be named with it. */
  readonly domain: string | null
  /** The node's YAML, for mailq. */
  readonly node: string
}

export type SettingsResult =
  | { readonly kind: 'ok'; readonly settings: SendmailSettings }
  | { readonly kind: 'bad'; readonly problem: string }

export const SETTINGS_FILE = '/etc/waypost-sendmail.conf'

const defaults: SendmailSettings = {
  server: { kind: 'tcp', host: '127.0.0.1', port: 25 },
  drop: '/var/spool/waypost/drop',
  submission: '/run/waypost/submission.sock',
  domain: null,
  node: '/etc/waypost/node.yaml',
}

export function readSettings(file: string): SettingsResult {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? { kind: 'ok', settings: defaults } : { kind: 'bad', problem: message }
  }
  let settings = defaults
  for (const [index, line] of text.split('\n').entries()) {
    const [key = '', value = '', ...more] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (key === '') continue
    const read = more.length === 0 ? readKey(key, value) : null
    if (read === null)
      return {
        kind: 'bad',
        problem: `${file}:${index + 1}: found "${line.trim()}", expected server HOST:PORT or a path, drop DIRECTORY or none, submission PATH, domain NAME, or node FILE`,
      }
    settings = { ...settings, ...read }
  }
  return { kind: 'ok', settings }
}

function readKey(key: string, value: string): Partial<SendmailSettings> | null {
  const path = value.startsWith('/') ? value : null
  switch (key) {
    case 'server': {
      if (path !== null) return { server: { kind: 'socket', path } }
      const endpoint = readEndpoint(value)
      return endpoint && { server: { kind: 'tcp', ...endpoint } }
    }
    case 'drop':
      return value === 'none' ? { drop: null } : path === null ? null : { drop: path }
    case 'submission':
      return path === null ? null : { submission: path }
    case 'domain':
      return value === '' ? null : { domain: value }
    case 'node':
      return path === null ? null : { node: path }
    default:
      return null
  }
}
