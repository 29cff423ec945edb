// What `waypost check` finds about OAuth clients: a login that is missing, or a file that could not take a new token.

import type { Config } from '../config/config.ts'
import type { Problem } from '../config/problem.ts'
import { errorText } from '../lib/log.ts'
import { readRefreshToken, unwritable } from '../oauth/refresh-token-file.ts'
import { oauthClients } from '../wiring/oauth-client-settings.ts'

export async function oauthWarnings(config: Config): Promise<Problem[]> {
  const found = oauthClients(config).map(async ({ name, grant }) => {
    if (grant.kind !== 'refresh-token') return null
    const cause = (await unwritable(grant.tokenFile)) ?? (await missing(grant.tokenFile, name))
    return cause === null ? null : config.at(['oauth_clients', name], cause)
  })
  return (await Promise.all(found)).filter((one) => one !== null)
}

async function missing(file: string, name: string): Promise<string | null> {
  try {
    const token = await readRefreshToken(file)
    return token === null ? `found no refresh token in ${file}: run waypost oauth login ${name}` : null
  } catch (error) {
    return `the refresh token cannot be read: ${errorText(error)}`
  }
}
