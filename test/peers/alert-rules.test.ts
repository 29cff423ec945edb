// Every alert rule fires when its fault is there, and none fires in a healthy node: with Prometheus' own rule tests (promtool).

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { ensurePeers } from '../lib/peers/ensure.ts'

const rulesFile = join(import.meta.dirname, '../../deploy/alerts.yaml')
const rules = (parse(readFileSync(rulesFile, 'utf8')) as { groups: { rules: { alert: string }[] }[] }).groups
const alerts = rules.flatMap((group) => group.rules.map(({ alert }) => alert))

/** One sample a minute. `0+1x60` grows by one for an hour, `7x60` stays. */
interface Fault {
  readonly series: Readonly<Record<string, string>>
  /** When the alert fires. */
  readonly at: string
}

const day = 86_400
const health = (check: string, level: number): Fault['series'] => ({
  [`waypost_health{check="${check}"}`]: `${level}x300`,
})

const faults: Readonly<Record<string, Fault>> = {
  WaypostDown: { series: { 'up{job="waypost"}': '0x60' }, at: '6m' },
  WaypostFailing: { series: health('resolver', 2), at: '3m' },
  WaypostResolverDead: { series: { waypost_resolver_answers: '0x60' }, at: '4m' },
  WaypostDnsErrors: { series: { 'waypost_dns_findings{severity="error"}': '2x200' }, at: '130m' },
  WaypostPeersUnreachable: { series: { 'waypost_peers_reachable{role="srs"}': '0x60' }, at: '6m' },
  WaypostReloadRefused: { series: { waypost_reload_successful: '0x60' }, at: '2m' },
  WaypostConfigurationInvalid: { series: { waypost_configuration_valid: '0x60' }, at: '11m' },
  WaypostCertificateExpires: {
    series: { 'waypost_certificate_expiry_timestamp_seconds{key="tls"}': `${13 * day}x100` },
    at: '61m',
  },
  WaypostQueueOld: { series: { waypost_queue_oldest_message_age_seconds: '14400+60x60' }, at: '20m' },
  WaypostQueueGrows: { series: { waypost_queue_messages: '1100+60x120' }, at: '70m' },
  WaypostManyRejections: { series: { 'waypost_rejections_total{stage="rcpt",status="5.1.1"}': '0+120x60' }, at: '40m' },
  WaypostStorageFull: { series: health('queue', 2), at: '1m' },
  WaypostBudgetFull: { series: health('budgets', 1), at: '11m' },
  WaypostDirectoryStale: {
    series: { 'waypost_directory_snapshot_age_seconds{source="ldap"}': '30000x60' },
    at: '16m',
  },
  WaypostSpamFilterDown: { series: { 'waypost_spam_checks_total{result="unavailable"}': '0+1x60' }, at: '10m' },
  WaypostVirusScannerDown: { series: { 'waypost_virus_checks_total{result="unavailable"}': '0+1x60' }, at: '10m' },
  WaypostDnsListDown: { series: { 'waypost_dnsbl_available{list="a",kind="ip4"}': '0x120' }, at: '61m' },
  WaypostGreylistUnavailable: { series: { 'waypost_greylist_total{result="unavailable"}': '0+1x60' }, at: '15m' },
  WaypostManyBans: { series: { 'waypost_bans_total{by="node",banned="address"}': '0+2x120' }, at: '60m' },
  WaypostAccountNearLimit: { series: { 'waypost_limits_near_total{measure="messages"}': '0 1x30' }, at: '2m' },
  WaypostAccountHeld: { series: { 'waypost_accounts_held_total{by="node"}': '0 1x30' }, at: '2m' },
  WaypostWebhookFails: {
    series: {
      'waypost_webhooks_waiting{target="ops"}': '3x90',
      'waypost_webhooks_total{target="ops",result="failed"}': '0+1x90',
    },
    at: '30m',
  },
  WaypostReportsSilent: {
    series: { 'waypost_reports_last_read_age_seconds{kind="dmarc"}': `${4 * day}x100` },
    at: '61m',
  },
  WaypostOauthFails: { series: { 'waypost_oauth_client_works{client="m365"}': '0x60' }, at: '11m' },
  WaypostOauthSecretExpires: {
    series: { 'waypost_oauth_secret_expiry_timestamp_seconds{client="m365"}': `${20 * day}x100` },
    at: '61m',
  },
  WaypostKeyWaitsForDns: {
    series: { 'waypost_certificate_key_wait_end_timestamp_seconds{key="tls"}': `${6 * day}x100` },
    at: '61m',
  },
  WaypostKeyWithoutTlsa: { series: { waypost_certificate_keys_without_tlsa: '1x60' }, at: '6m' },
  WaypostCertificateNotRenewed: { series: { waypost_certificate_renewal_failures: '4x100' }, at: '61m' },
  WaypostDegraded: { series: health('quarantine', 1), at: '31m' },
  WaypostDiskFills: { series: { waypost_queue_free_bytes: '9000000000-6000000x600' }, at: '8h' },
  WaypostClockWrong: { series: { waypost_clock_timestamp_seconds: '90+60x60' }, at: '11m' },
  WaypostSourceAddress: { series: health('addresses', 1), at: '31m' },
  // The first refusal makes the series: it has no earlier value.
  WaypostBlocked: { series: { 'waypost_classified_replies_total{class="blocked"}': '_x60 1x30' }, at: '62m' },
  WaypostProbeFails: { series: { 'waypost_probe_working{target="self"}': '0x60' }, at: '6m' },
  WaypostFailures: {
    series: {
      'waypost_delivery_attempts_total{result="failed",status="5.1.1"}': '0+3x90',
      'waypost_delivery_attempts_total{result="delivered",status="2.0.0"}': '0+7x90',
    },
    at: '60m',
  },
}

/** What a healthy node has: no rule fires on it. */
const healthy: Fault['series'] = {
  'up{job="waypost"}': '1x600',
  waypost_resolver_answers: '1x600',
  'waypost_peers_reachable{role="srs"}': '1x600',
  waypost_reload_successful: '1x600',
  waypost_configuration_valid: '1x600',
  'waypost_certificate_expiry_timestamp_seconds{key="tls"}': `${90 * day}x600`,
  waypost_queue_oldest_message_age_seconds: '60x600',
  waypost_queue_messages: '5x600',
  waypost_queue_free_bytes: '90000000000x600',
  waypost_clock_timestamp_seconds: '0+60x600',
  'waypost_classified_replies_total{class="blocked"}': '3x600',
  'waypost_classified_replies_total{class="rate"}': '0+1x600',
  'waypost_delivery_attempts_total{result="delivered",status="2.0.0"}': '0+10x600',
  'waypost_delivery_attempts_total{result="failed",status="5.1.1"}': '0+1x600',
  'waypost_rejections_total{stage="rcpt",status="5.1.1"}': '0+10x600',
  ...Object.fromEntries(
    ['queue', 'resolver', 'addresses', 'budgets', 'quarantine'].flatMap((one) => Object.entries(health(one, 0))),
  ),
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-alerts-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The output of promtool, which has the differences if the firing alerts are others than wanted. */
function test(name: string, { series, at }: Fault, wanted: { readonly alert: string; readonly count: number }): string {
  const file = join(folder, `${name}.yaml`)
  const input = Object.entries(series).map(([key, values]) => ({ series: withInstance(key), values }))
  const samples = wanted.count === 0 ? [] : [{ labels: '{}', value: wanted.count }]
  const expr = `count(ALERTS{alertname=~"${wanted.alert}",alertstate="firing"})`
  const promql = [{ expr, eval_time: at, exp_samples: samples }]
  writeFileSync(
    file,
    stringify({
      rule_files: [rulesFile],
      evaluation_interval: '1m',
      tests: [{ interval: '1m', input_series: input, promql_expr_test: promql }],
    }),
  )
  try {
    return execFileSync('promtool', ['test', 'rules', file], { encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    return `${stdout}${stderr}`
  }
}

function withInstance(key: string): string {
  return key.includes('{') ? key.replace('{', '{instance="mx-01",') : `${key}{instance="mx-01"}`
}

describe.runIf(ensurePeers(['prometheus']))('alert rules with promtool', () => {
  it('are valid', () => {
    expect(execFileSync('promtool', ['check', 'rules', rulesFile], { encoding: 'utf8' })).toContain('SUCCESS')
  })

  it('have a fault each', () => {
    expect(Object.keys(faults).toSorted()).toEqual(alerts.toSorted())
  })

  it.each(Object.entries(faults))('%s fires', (alert, fault) => {
    expect(test(alert, fault, { alert, count: 1 })).toContain('SUCCESS')
  })

  it('do not fire for a healthy node', () => {
    expect(test('healthy', { series: healthy, at: '5h' }, { alert: '.+', count: 0 })).toContain('SUCCESS')
  })
})
