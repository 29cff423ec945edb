// Starts the HTTPS listeners for strangers: settings for mail programs, and our MTA-STS policy.

import { type ClientHttpsPorts, startClientHttps } from '../autoconfig/client-https.ts'
import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import { formatEndpoint } from '../lib/endpoint.ts'
import { plainPage } from '../lib/http-page.ts'
import { policyPage } from '../mta-sts/policy-page.ts'
import { type HttpsListener, type HttpsRequest, startHttpsListener } from '../server/https-listener.ts'
import { clientHttpsSettings } from '../wiring/autoconfig-settings.ts'
import { ownStsPolicy } from '../wiring/sts-settings.ts'
import { StartFailure } from './start-failure.ts'

interface ClientPorts extends Omit<ClientHttpsPorts, 'connections' | 'requests' | 'otherHost'> {
  readonly budgets: Budgets
}

/** Those that the configuration has. Rejects with a StartFailure if an address cannot be bound; then none listens. */
export async function startHttps(config: Config, ports: ClientPorts): Promise<readonly HttpsListener[]> {
  const started: HttpsListener[] = []
  try {
    for (const start of [startClients, startPolicies]) {
      const listener = await start(config, ports)
      if (listener) started.push(listener)
    }
    return started
  } catch (error) {
    await Promise.all(started.map((one) => one.close()))
    throw error
  }
}

function limitsOf(budgets: Budgets) {
  return { connections: budgets.pool('clientConnections'), requests: budgets.rate('clientRequests') }
}

async function startClients(config: Config, { budgets, ...ports }: ClientPorts): Promise<HttpsListener | null> {
  const settings = clientHttpsSettings(config)
  if (!settings) return null
  const own = ownStsPolicy(config)
  const otherHost: ClientHttpsPorts['otherHost'] = (request) => own && policyPage(own, request)
  return startClientHttps(settings, { ...ports, ...limitsOf(budgets), otherHost }).catch((error: Error) => {
    const message = `autoconfig.listen: cannot listen on ${formatEndpoint(settings)}: ${error.message}`
    throw new StartFailure(['autoconfig', 'listen'], message, error)
  })
}

async function startPolicies(config: Config, { budgets, ...ports }: ClientPorts): Promise<HttpsListener | null> {
  const own = ownStsPolicy(config)
  const listen = config.mta_sts?.listen
  if (!own || !listen) return null
  const answer = async (request: HttpsRequest) => policyPage(own, request) ?? plainPage(404, 'Not found')
  return startHttpsListener({ ...listen, key: 'mta_sts.listen' }, { ...ports, ...limitsOf(budgets), answer }).catch(
    (error: Error) => {
      const message = `mta_sts.listen: cannot listen on ${formatEndpoint(listen)}: ${error.message}`
      throw new StartFailure(['mta_sts', 'listen'], message, error)
    },
  )
}
