// What an operator does first when a health check is not ok, and the section of docs/how-to/answer-alerts.md that has the rest. `waypost status`,
// the alerts of a node and deploy/alerts.yaml use the same sections.

export interface FirstStep {
  readonly step: string
  /** A heading of the page about alerts, as an anchor. */
  readonly section: string
  /** A page of the playbook, if one has the repair; its name without the folder. */
  readonly page?: string
}

/** Where the pages are, below the root of the source tree. */
const FOLDER = 'docs/how-to/'
/** The page of all sections. */
export const ALERT_PAGE = `${FOLDER}answer-alerts.md`

/** The page or section that has the rest. */
export function howToOf({ section, page }: Pick<FirstStep, 'section' | 'page'>): string {
  return page === undefined ? `${ALERT_PAGE}#${section}` : `${FOLDER}${page}`
}

const stateFile = { step: 'check space and permissions of the file in the data directory', section: 'state-files' }
const scanner = { step: 'check that the server runs and that the node can connect to it', section: 'scanners' }
const certificate = {
  step: 'put a new one into the same files and run waypost reload',
  section: 'certificates',
  page: 'when-a-certificate-has-expired.md',
}

/** By the name of the health check. */
export const firstSteps: Readonly<Record<string, FirstStep>> = {
  queue: {
    step: 'free space on the file system of the data directory; queued mail is safe',
    section: 'disk',
    page: 'when-the-disk-is-full.md',
  },
  certificate,
  acme: {
    step: 'run waypost certificates list, correct, run waypost certificates renew',
    section: 'certificates',
  },
  keys: { step: 'run waypost certificates list and publish the TLSA records', section: 'certificates' },
  probe: { step: 'run waypost probe: it shows the hop that is missing', section: 'probe' },
  addresses: {
    step: 'publish a PTR record for each address, and an address record for its name',
    section: 'source-addresses',
  },
  running: { step: 'wait for the end of the drain, or start the node again', section: 'node-down' },
  configuration: { step: 'run waypost check, correct the files, run waypost reload', section: 'reload' },
  revocation: { step: 'check the file or the URL of the list, then run waypost reload', section: 'revocation-lists' },
  tests: { step: 'end the test mode of a check when its numbers are good', section: 'test-mode' },
  resolver: { step: 'restart the resolver of dns.servers; until it answers, mail waits', section: 'resolver' },
  dnssec: { step: 'use a resolver that validates, on this host', section: 'resolver' },
  peers: { step: 'run waypost check: it names the cause for each node', section: 'peers' },
  directory: {
    step: 'run waypost directory status',
    section: 'directory-sources',
    page: 'when-the-directory-is-gone.md',
  },
  budgets: { step: 'find out who fills the budget; its name is in the reason', section: 'budgets' },
  bans: stateFile,
  accounts: stateFile,
  greylist: stateFile,
  'mta-sts': stateFile,
  'tls-reports': stateFile,
  reports: { step: 'run waypost report dmarc; the reason names the file or the report', section: 'reports' },
  webhooks: { step: 'check the target; its events wait for three days', section: 'webhooks' },
  alerts: { step: 'check the webhook; the reason has the cause of the last attempt', section: 'webhooks' },
  clock: { step: 'run timedatectl: the host must follow a time server', section: 'clock' },
  oauth: { step: 'renew the secret or the login of the client; its mail waits', section: 'oauth-clients' },
  dns: { step: 'run waypost dns check: it says what to publish', section: 'dns-records' },
  quarantine: { step: 'run waypost queue list --state held; release, bounce or remove', section: 'quarantine' },
  spam: scanner,
  virus: scanner,
  dnsbl: { step: 'the list fails its test: use an own resolver, a key, or remove the list', section: 'dns-lists' },
  drop: { step: 'check the drop directory and the reason', section: 'drop-directory' },
}
