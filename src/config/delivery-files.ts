// What `delivery` names by path: passwords, certificates and rules for replies, read at once and refused at their key if they are not right.

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { NodeFile } from './node-schema.ts'
import type { Problem } from './problem.ts'
import { type ReplyRuleFile, replyRulesSchema } from './reply-schema.ts'
import { loadTls, type TlsMaterial } from './read-tls-material.ts'
import { validate } from './validate.ts'
import { loadYaml, type YamlSource } from './yaml-source.ts'

type DestinationFile = NodeFile['delivery']['destinations'][string]

export interface DestinationConfig
  extends Omit<DestinationFile, 'tls' | 'password_file' | 'certificate' | 'key' | 'ca'> {
  readonly tls: 'may' | 'encrypt' | 'verify' | null
  readonly password: string | null
  /** What we show there, or null for the node's own. */
  readonly shown: TlsMaterial | null
  /** PEM. */
  readonly ca: string | null
}

export interface DeliveryConfig extends Omit<NodeFile['delivery'], 'destinations' | 'replies'> {
  readonly destinations: Readonly<Record<string, DestinationConfig>>
  /** In their order: the first that fits counts. */
  readonly replies: readonly ReplyRuleFile[]
}

export interface FileReading {
  readonly source: YamlSource
  readonly resolvePath: (path: string) => string
  readonly problems: Problem[]
}

export function readDeliveryFiles(delivery: NodeFile['delivery'], reading: FileReading): DeliveryConfig {
  const { destinations, replies, ...rest } = delivery
  const read = Object.entries(destinations).map(
    ([key, one]) => [key, readDestination(one, ['delivery', 'destinations', key], reading)] as const,
  )
  return {
    ...rest,
    destinations: Object.fromEntries(read),
    replies: replies.flatMap((file, index) => readReplies(file, ['delivery', 'replies', index], reading)),
  }
}

function readDestination(
  { tls, password_file, certificate, key, ca, ...rest }: DestinationFile,
  at: readonly string[],
  reading: FileReading,
): DestinationConfig {
  const shown =
    certificate !== undefined && key !== undefined ? loadTls({ certificate, key }, { ...reading, at }) : null
  if (shown?.kind === 'bad') reading.problems.push(...shown.problems)
  return {
    ...rest,
    // Whoever has a password to lose wants to know whom it goes to.
    tls: tls ?? (rest.user === undefined ? null : 'verify'),
    password: password_file === undefined ? null : readPassword(password_file, [...at, 'password_file'], reading),
    shown: shown?.kind === 'ok' ? shown.material : null,
    ca: ca === undefined ? null : readCa(ca, [...at, 'ca'], reading),
  }
}

function readPassword(file: string, at: readonly string[], reading: FileReading): string {
  const text = readText(file, at, { ...reading, expected: 'a file with one password' })
  const password = text?.split(/\r?\n/)[0] ?? ''
  if (text !== null && password === '')
    report(reading, at, `found nothing on the first line of ${file}, expected a password`)
  return password
}

function readCa(file: string, at: readonly string[], reading: FileReading): string | null {
  const text = readText(file, at, { ...reading, expected: 'a PEM file' })
  if (text === null) return null
  if (isCertificate(text)) return text
  report(reading, at, `found no certificate in ${file}, expected PEM`)
  return null
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== ''
  } catch {
    return false
  }
}

function readReplies(file: string, at: readonly (string | number)[], reading: FileReading): readonly ReplyRuleFile[] {
  const yaml = loadYaml(reading.resolvePath(file))
  if (yaml.kind === 'bad') {
    const unreadable = yaml.problems.find(({ message }) => message.startsWith('cannot be read'))
    if (unreadable) report(reading, at, `found ${file}, which ${unreadable.message}, expected a file of rules`)
    else reading.problems.push(...yaml.problems)
    return []
  }
  const rules = validate(yaml.source, replyRulesSchema)
  if (rules.kind === 'ok') return rules.value
  reading.problems.push(...rules.problems)
  return []
}

function readText(
  file: string,
  at: readonly string[],
  { expected, ...reading }: FileReading & { readonly expected: string },
): string | null {
  try {
    return readFileSync(reading.resolvePath(file), 'utf8')
  } catch (error) {
    report(reading, at, `found ${file}, which cannot be read (${(error as Error).message}), expected ${expected}`)
    return null
  }
}

function report({ source, problems }: FileReading, at: readonly (string | number)[], message: string): void {
  problems.push(source.at([...at], `${at.filter((part) => typeof part === 'string').join('.')}: ${message}`))
}
