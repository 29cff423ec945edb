// waypost oauth login: stores a refresh token of a login by device. The token is never printed.

import { commandClock, type Clock } from '../../lib/clock.ts'
import { errorText } from '../../lib/log.ts'
import { awaitDeviceLogin, requestDeviceCode } from '../../oauth/device-login.ts'
import { unwritable, writeRefreshToken } from '../../oauth/refresh-token-file.ts'
import { oauthClients } from '../../wiring/oauth-client-settings.ts'
import { FAILED, type Io, line, OK, USAGE } from '../io.ts'
import { withConfig } from '../with-config.ts'

export interface OauthLoginOptions {
  readonly config: string
  /** The client. */
  readonly name: string
}

export function oauthLogin(options: OauthLoginOptions, io: Io, clock: Clock = commandClock): Promise<number> | number {
  return withConfig(options.config, io, async (config) => {
    const clients = oauthClients(config)
    const client = clients.find(({ name }) => name === options.name)
    if (!client) {
      const known = clients.map(({ name }) => name).join(', ') || 'none'
      return fail(io, `found the client ${options.name}, expected one of oauth_clients: ${known}`, USAGE)
    }
    const { grant, deviceUrl } = client
    if (grant.kind !== 'refresh-token')
      return fail(io, `oauth_clients.${client.name} needs no login: only the grant refresh_token has one`, USAGE)
    if (deviceUrl === null)
      return fail(
        io,
        `oauth_clients.${client.name} has no device_url: store a refresh token in ${grant.tokenFile}`,
        USAGE,
      )
    // Before the person logs in.
    const cause = await unwritable(grant.tokenFile)
    if (cause !== null) return fail(io, cause)
    const request = { client, proof: grant.proof, deviceUrl }
    const code = await requestDeviceCode(request, clock)
    if (code.kind === 'failed') return fail(io, code.cause)
    line(io.stdout, `Open ${code.page} and enter the code ${code.userCode}`)
    line(
      io.stdout,
      `The code is valid for ${Math.floor(code.lifeMs / 60_000)} minutes. Log in as the mailbox that sends.`,
    )
    const result = await awaitDeviceLogin(request, code, clock)
    if (result.kind === 'failed') return fail(io, result.cause)
    try {
      await writeRefreshToken(grant.tokenFile, result.refreshToken)
    } catch (error) {
      return fail(io, `cannot write ${grant.tokenFile}: ${errorText(error)}`)
    }
    line(io.stdout, `stored the refresh token in ${grant.tokenFile}; a running node uses it within a minute`)
    return OK
  })
}

function fail(io: Io, problem: string, code = FAILED): number {
  line(io.stderr, problem)
  return code
}
