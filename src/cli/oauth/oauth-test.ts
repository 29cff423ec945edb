// waypost oauth test: asks the token servers as the node does. The tokens are never printed.

import { commandClock } from '../../lib/clock.ts'
import { fetchToken, saveToken, type UnsavedToken } from '../../oauth/fetch-token.ts'
import type { OauthClient } from '../../oauth/oauth-client.ts'
import { oauthClients } from '../../wiring/oauth-client-settings.ts'
import { FAILED, type Io, json, line, OK, USAGE } from '../io.ts'
import { withConfig } from '../with-config.ts'

export interface OauthTestOptions {
  readonly config: string
  /** Undefined: every client. */
  readonly name: string | undefined
  readonly json: boolean
}

interface Tested {
  readonly client: string
  /** Seconds that the token is valid; null without one. */
  readonly seconds: number | null
  readonly problem: string | null
}

export function oauthTest(options: OauthTestOptions, io: Io): Promise<number> | number {
  return withConfig(options.config, io, async (config) => {
    const all = oauthClients(config)
    const wanted = options.name === undefined ? all : all.filter(({ name }) => name === options.name)
    if (wanted.length === 0) {
      const known = all.map(({ name }) => name).join(', ') || 'none'
      line(io.stderr, `found the client ${options.name ?? 'none'}, expected one of oauth_clients: ${known}`)
      return USAGE
    }
    const results = await Promise.all(wanted.map(testClient))
    if (options.json) json(io.stdout, results)
    else for (const result of results) print(result, io)
    return results.every(({ problem }) => problem === null) ? OK : FAILED
  })
}

async function testClient(client: OauthClient): Promise<Tested> {
  const unsaved: UnsavedToken = { token: null }
  const outcome = await fetchToken(client, unsaved, commandClock)
  const { name, grant } = client
  if (outcome.kind !== 'granted') return { client: name, seconds: null, problem: outcome.cause }
  const isSaved = grant.kind !== 'refresh-token' || (await saveToken(grant.tokenFile, unsaved))
  const problem = isSaved ? null : 'the new refresh token cannot be stored; run waypost oauth login'
  return { client: name, seconds: Math.round(outcome.lifeMs / 1000), problem }
}

function print({ client, seconds, problem }: Tested, io: Io): void {
  if (problem === null) line(io.stdout, `${client}: got an access token that is valid for ${seconds} s`)
  else line(io.stderr, `${client}: ${problem}`)
}
