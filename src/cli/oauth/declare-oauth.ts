// Commands about the OAuth clients of a node.

import type { Command } from 'commander'
import { asJson, type CommonOptions, configFile, describeCommand, type Finish } from '../command-options.ts'
import type { Io } from '../io.ts'

export function declareOauth(program: Command, io: Io, finish: Finish): void {
  const oauth = program.command('oauth').description('log in for the access tokens of smarthosts, and test them')
  describeCommand(
    oauth.command('login'),
    'get a refresh token: print a page and a code, and wait until a person has logged in there (RFC 8628)',
    'the server refused, the login did not happen in time, or the token cannot be stored',
  )
    .argument('<client>', 'name in oauth_clients')
    .option(...configFile)
    .action(async (name: string, { config }: CommonOptions) => {
      const { oauthLogin } = await import('./oauth-login.ts')
      finish(await oauthLogin({ config, name }, io))
    })
  describeCommand(
    oauth.command('test'),
    'ask for an access token as the node does, and print how long it is valid',
    'a client got no token',
  )
    .argument('[client]', 'name in oauth_clients (default: all)')
    .option(...configFile)
    .option(...asJson)
    .action(async (name: string | undefined, { config, json }: CommonOptions) => {
      const { oauthTest } = await import('./oauth-test.ts')
      finish(await oauthTest({ config, name, json: json === true }, io))
    })
}
