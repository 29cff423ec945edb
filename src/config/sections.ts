// The list of sections of a node's YAML, in the order of docs/reference/configuration.md. A new section is a file in sections/ and a line here.

import { account_limits } from './sections/account-limits-section.ts'
import { admin } from './sections/admin-section.ts'
import { alerts } from './sections/alerts-section.ts'
import { arc, authserv_id, dkim, dmarc } from './sections/authentication-section.ts'
import { autoconfig } from './sections/autoconfig-section.ts'
import { bans } from './sections/bans-section.ts'
import { bounce } from './sections/bounce-section.ts'
import { checks } from './sections/checks-section.ts'
import { brake } from './sections/brake-section.ts'
import { clamav } from './sections/clamav-section.ts'
import { delivery } from './sections/delivery-section.ts'
import { digest } from './sections/digest-section.ts'
import { directory } from './sections/directory-section.ts'
import { dnsbl } from './sections/dnsbl-section.ts'
import { dns_check } from './sections/dns-check-section.ts'
import { dns } from './sections/dns-section.ts'
import { drop } from './sections/drop-section.ts'
import { fleet_view } from './sections/fleet-view-section.ts'
import { forwards } from './sections/forwards-section.ts'
import { greylist } from './sections/greylist-section.ts'
import { identity } from './sections/identity-section.ts'
import { limits } from './sections/limits-section.ts'
import { app_passwords, listen, machines, users } from './sections/listen-section.ts'
import { local_names } from './sections/local-names-section.ts'
import { log } from './sections/log-section.ts'
import { login } from './sections/login-section.ts'
import { data, domain, help_link, hostname, postmaster, role, watch } from './sections/node-section.ts'
import { oauth_clients } from './sections/oauth-clients-section.ts'
import { mta_sts } from './sections/mta-sts-section.ts'
import { oauth } from './sections/oauth-section.ts'
import { outgoing_spam } from './sections/outgoing-spam-section.ts'
import { peers } from './sections/peers-section.ts'
import { probe } from './sections/probe-section.ts'
import { privacy } from './sections/privacy-section.ts'
import { queue } from './sections/queue-section.ts'
import { queue_transfer } from './sections/queue-transfer-section.ts'
import { reports } from './sections/reports-section.ts'
import { facts, hiera, mail, smarthost } from './sections/routing-section.ts'
import { rspamd } from './sections/rspamd-section.ts'
import { score } from './sections/score-section.ts'
import { self_service } from './sections/self-service-section.ts'
import { srs } from './sections/srs-section.ts'
import { submission_socket } from './sections/submission-socket-section.ts'
import { tls } from './sections/tls-section.ts'
import { tls_reports } from './sections/tls-reports-section.ts'
import { user_certificates } from './sections/user-certificates-section.ts'
import { webhooks } from './sections/webhooks-section.ts'
import type { AnySection } from './section.ts'

export const sections = {
  role,
  hostname,
  domain,
  data,
  listen,
  checks,
  tls,
  hiera,
  mail,
  directory,
  facts,
  dns,
  dns_check,
  peers,
  users,
  login,
  app_passwords,
  user_certificates,
  oauth,
  machines,
  bans,
  account_limits,
  brake,
  identity,
  local_names,
  drop,
  submission_socket,
  dkim,
  srs,
  forwards,
  arc,
  smarthost,
  postmaster,
  help_link,
  authserv_id,
  dmarc,
  clamav,
  dnsbl,
  rspamd,
  outgoing_spam,
  score,
  greylist,
  queue,
  delivery,
  oauth_clients,
  bounce,
  reports,
  mta_sts,
  tls_reports,
  limits,
  watch,
  admin,
  probe,
  queue_transfer,
  fleet_view,
  autoconfig,
  self_service,
  webhooks,
  alerts,
  digest,
  log,
  privacy,
} as const satisfies Readonly<Record<string, AnySection>>

/** The value of each section. */
export type SectionValues = { readonly [Key in keyof typeof sections]: ReturnType<(typeof sections)[Key]['read']> }
