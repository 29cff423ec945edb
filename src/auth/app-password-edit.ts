// Changes of a file of app passwords: a line is added, or those of an app password are removed. All other lines stay.

import type { AppPassword } from './app-password.ts'

/** The text with one more line. */
export function withAppLine(text: string, line: string): string {
  return text === '' || text.endsWith('\n') ? `${text}${line}\n` : `${text}\n${line}\n`
}

export function withoutApps(text: string, apps: readonly Pick<AppPassword, 'line'>[]): string {
  const lines = text.split(/\r?\n/).filter((one) => !apps.some((app) => app.line === one))
  return lines.join('\n')
}
