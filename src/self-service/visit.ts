// What a handler of the page gets: the request, the person and the parts of the service.

import type { Page } from '../lib/http-page.ts'
import type { HttpsRequest } from '../server/https-listener.ts'
import type { FormGuard } from '../lib/form-guard.ts'
import type { SelfServicePorts, SelfServiceSettings } from './service-ports.ts'
import type { Session, Sessions } from './sessions.ts'

export interface ServiceParts {
  readonly settings: SelfServiceSettings
  readonly ports: SelfServicePorts
  readonly sessions: Sessions
  readonly guard: FormGuard
}

export interface Visit extends ServiceParts {
  readonly request: Pick<HttpsRequest, 'ip' | 'method'>
  readonly path: string
  readonly query: URLSearchParams
  /** Empty for GET. */
  readonly form: URLSearchParams
  /** The token in the cookie of the browser. */
  readonly browser: string
  /** Null without a sign-in. */
  readonly session: Session | null
}

/** A visit of a person who is signed in, or whose code is missing. */
export interface PersonVisit extends Visit {
  readonly session: Session
}

export type Handler<V extends Visit = Visit> = (visit: V) => Page | Promise<Page>
