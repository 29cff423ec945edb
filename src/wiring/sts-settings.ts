// Config → our own MTA-STS policy, and the HTTPS client of policies and reports.

import type { Config } from '../config/config.ts'
import type { StrangerSettings } from '../https/ask-stranger.ts'
import type { OwnPolicy } from '../mta-sts/policy-page.ts'

/** Null without `mta_sts`. */
export function ownStsPolicy({ mta_sts, domain }: Config): OwnPolicy | null {
  if (!mta_sts) return null
  const { mode, mx, max_age, domains } = mta_sts
  return { domains: domains ?? [domain], policy: { mode, mx, maxAge: Math.floor(max_age / 1000) } }
}

const HTTPS_PORT = 443

/** Another port of policies is a choice of the operator, for tests: the servers are then in networks of tests. */
export function strangerSettings({ delivery: { public_ca, policy_port } }: Config): StrangerSettings {
  return { ca: public_ca, allowPrivate: policy_port !== HTTPS_PORT }
}
