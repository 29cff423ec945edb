// The HTTPS listener for mail programs.

import type { Clock } from '../lib/clock.ts'
import type { Page } from '../lib/http-page.ts'
import type { Log } from '../lib/log.ts'
import {
  type HttpsListener,
  type HttpsListenerPorts,
  type HttpsListenerSettings,
  startHttpsListener,
} from '../server/https-listener.ts'
import { type AnswerParts, answerRequest } from './answer-request.ts'
import type { MailService } from './mail-service.ts'

export interface ClientHttpsSettings extends Pick<HttpsListenerSettings, 'host' | 'port'> {
  /** The name of this service in links. */
  readonly httpsHost: string
  readonly service: MailService
}

type Answer = HttpsListenerPorts['answer']

export interface ClientHttpsPorts extends Omit<HttpsListenerPorts, 'answer' | 'log'> {
  readonly clock: Pick<Clock, 'now' | 'after'>
  readonly log: Pick<Log, 'bug' | 'warn'>
  /** Pages of other host names of this listener; null for the others. */
  readonly otherHost?: (request: Parameters<Answer>[0]) => Page | null
}

/** Rejects if the address cannot be bound, or the node has no certificate. */
export function startClientHttps(
  { service, httpsHost, ...settings }: ClientHttpsSettings,
  ports: ClientHttpsPorts,
): Promise<HttpsListener> {
  const parts = { service, httpsHost, sign: signWith(ports), now: ports.clock.now }
  return startHttpsListener(
    { ...settings, key: 'autoconfig.listen' },
    {
      ...ports,
      answer: async (request) => {
        const { method, url, authority, body } = request
        const other = ports.otherHost?.(request) ?? null
        return other ?? answerRequest(parts, { method, url, host: authority.replace(/:\d+$/, ''), body })
      },
    },
  )
}

function signWith({ certificate, clock, log }: ClientHttpsPorts): NonNullable<AnswerParts['sign']> {
  return async (profile) => {
    const { value } = certificate
    if (value === null) return Buffer.from(profile)
    try {
      // Few nodes sign profiles, and the library takes 0.1 s to load.
      const { signProfile } = await import('./sign-profile.ts')
      return await signProfile(profile, value, new Date(clock.now()))
    } catch (error) {
      // An unsigned profile works too: the device says that it is not verified.
      log.warn({ cause: (error as Error).message }, 'a profile cannot be signed')
      return Buffer.from(profile)
    }
  }
}
