// Config → the OAuth clients of this node.

import type { Config } from '../config/config.ts'
import type { OauthClientConfig } from '../config/sections/oauth-clients-section.ts'
import type { Grant, OauthClient } from '../oauth/oauth-client.ts'
import { refreshTokenPath } from './node-paths.ts'

type WithClients = Pick<Config, 'data' | 'oauth_clients'>

export function oauthClients(config: WithClients): readonly OauthClient[] {
  return Object.entries(config.oauth_clients).map(([name, one]) => ({
    name,
    tokenUrl: one.token_url,
    deviceUrl: one.device_url,
    scope: one.scope,
    ca: one.ca,
    timeoutMs: one.timeout,
    grant: grantOf(name, one, config),
  }))
}

function grantOf(name: string, one: OauthClientConfig, config: WithClients): Grant {
  if (one.grant === 'service_account')
    return { kind: 'service-account', keyFile: one.key_file ?? '', subject: one.subject }
  const proof = { clientId: one.client_id, secretFile: one.client_secret_file, place: one.client_auth }
  if (one.grant === 'client_credentials') return { kind: 'client-credentials', proof }
  return { kind: 'refresh-token', proof, tokenFile: one.refresh_token_file ?? refreshTokenPath(config, name) }
}
