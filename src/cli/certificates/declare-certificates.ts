// Commands about the certificates of a node.

import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  asJson,
  type CommonOptions,
  configFile,
  dataDirectory,
  describeCommand,
  type Finish,
  operatorName,
  readDuration,
} from '../command-options.ts'
import type { Io } from '../io.ts'

/** The authority checks each name; a hook may wait for the servers of the zone. */
const ORDER_WAIT_MS = 5 * 60_000

/** Characters; the log and the request to the node have to hold it. */
const MOST_REASON = 500

function readReason(text: string): string {
  if (text.trim() === '' || text.length > MOST_REASON)
    throw new InvalidArgumentError(`expected a text of at most ${MOST_REASON} characters`)
  return text
}

export function declareCertificates(program: Command, io: Io, finish: Finish): void {
  const certificates = program
    .command('certificates')
    .description('show the certificates of a node with their TLSA records, renew one, or replace its key')
  certificates
    .command('list')
    .description('print names, end, key and TLSA records of each certificate, and of the next key')
    .option(...configFile)
    .option(...asJson)
    .action(async ({ config, json }: CommonOptions) => {
      const { certificateList } = await import('./certificate-list.ts')
      finish(await certificateList({ config, json: json === true }, io))
    })
  const asking = (name: string, summary: string) =>
    describeCommand(certificates.command(name), summary, 'no new certificate: the node says why')
      .option(...configFile)
      .option(...dataDirectory)
      .addOption(new Option('--wait <duration>', 'time limit').argParser(readDuration).default(ORDER_WAIT_MS, '5m'))
  asking('renew', 'let the running node renew its certificate now, with the same key').action(
    async ({ wait, ...place }: CommonOptions & { readonly wait: number }) => {
      const { certificateAsk } = await import('./certificate-ask.ts')
      finish(await certificateAsk({ ...place, request: 'certificate-renew', waitMs: wait }, io))
    },
  )
  asking('use', 'let the running node use the new key of its files now, before the DNS shows its TLSA record')
    .requiredOption('--reason <text>', 'reason for the log', readReason)
    .action(async ({ wait, reason, ...place }: CommonOptions & { readonly wait: number; readonly reason: string }) => {
      const { certificateAsk } = await import('./certificate-ask.ts')
      const order = { by: operatorName(), reason }
      finish(await certificateAsk({ ...place, request: 'certificate-use', order, waitMs: wait }, io))
    })
  asking('rotate', 'create the next key; it is used when the DNS shows its TLSA record, or none at all')
    .option('--now', 'use it at once: hosts that obey DANE refuse it until its TLSA record is visible')
    .action(async ({ wait, now, ...place }: CommonOptions & { readonly wait: number; readonly now?: boolean }) => {
      const { certificateAsk } = await import('./certificate-ask.ts')
      const request = now === true ? 'certificate-rotate-now' : 'certificate-rotate'
      finish(await certificateAsk({ ...place, request, waitMs: wait }, io))
    })
}
