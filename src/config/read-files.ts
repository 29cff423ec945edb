// Reading of files that a section names: texts, passwords, YAML. A file that cannot be used is reported at the key that names it.

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import type { Path } from './problem.ts'
import type { SectionReader } from './section.ts'
import { validate } from './validate.ts'
import { loadYaml, type YamlSource } from './yaml-source.ts'

export interface NamedFile {
  /** The key that names the file. */
  readonly path: Path
  /** As written. */
  readonly file: string
  /** What the file should be, such as `a PEM file`. */
  readonly expected: string
  /** The file holds a secret: `check` warns if other users can read it. */
  readonly isSecret?: true
}

/** The text of a file, or null after reporting. */
export function readText(reader: SectionReader, { path, file, expected, isSecret }: NamedFile): string | null {
  try {
    if (isSecret) reader.noteSecret(path, file)
    return readFileSync(reader.open(file), 'utf8')
  } catch (error) {
    reader.report(path, `found ${file}, which cannot be read (${(error as Error).message}), expected ${expected}`)
    return null
  }
}

/** The first line of a file, or null after reporting. */
export function readPassword(reader: SectionReader, path: Path, file: string): string | null {
  const text = readText(reader, { path, file, expected: 'a file with one password', isSecret: true })
  if (text === null) return null
  const password = text.split(/\r?\n/)[0] ?? ''
  if (password !== '') return password
  reader.report(path, `found nothing on the first line of ${file}, expected a password`)
  return null
}

/** Minimum length of a secret in characters. 16 random ones withstand guessing of HMAC keys. */
const MIN_SECRET_LENGTH = 16

/** The secret of a file that holds nothing else; an empty text after reporting. */
export function readSecret(reader: SectionReader, path: Path, file: string): string {
  const secret = readText(reader, { path, file, expected: 'a file with one secret', isSecret: true })?.trim()
  if (secret === undefined) return ''
  const lines = secret.split(/\r?\n/).length
  // Other SRS programs read one secret per line. As one secret, several lines would verify none of their addresses.
  if (lines > 1) reader.report(path, `found ${lines} lines in ${file}, expected one secret per file`)
  else if (secret.length < MIN_SECRET_LENGTH)
    reader.report(
      path,
      `found a secret of ${secret.length} characters in ${file}, expected at least ${MIN_SECRET_LENGTH}`,
    )
  return secret
}

/** PEM text with at least one certificate, or null after reporting. */
export function readCertificate(reader: SectionReader, path: Path, file: string): string | null {
  const text = readText(reader, { path, file, expected: 'a PEM file' })
  if (text === null) return null
  if (isCertificate(text)) return text
  reader.report(path, `found no certificate in ${file}, expected PEM`)
  return null
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== ''
  } catch {
    return false
  }
}

export interface ReadYaml<T> {
  readonly value: T
  readonly source: YamlSource
}

/**
 * A YAML file that fits the schema, or null after reporting. Problems inside the file have positions in that file.
 * `location` is the absolute path; without it, the file counts as part of the configuration.
 */
export function readYaml<T>(
  reader: SectionReader,
  { path, file, expected, location = reader.open(file) }: NamedFile & { readonly location?: string },
  schema: z.ZodType<T>,
): ReadYaml<T> | null {
  const yaml = loadYaml(location)
  if (yaml.kind === 'unreadable')
    reader.report(path, `found ${file}, which cannot be read (${yaml.reason}), expected ${expected}`)
  if (yaml.kind === 'bad') reader.addProblems(yaml.problems)
  if (yaml.kind !== 'ok') return null
  reader.addProblems(yaml.source.problems)
  const read = validate(yaml.source, schema)
  if (read.kind === 'ok') return { value: read.value, source: yaml.source }
  reader.addProblems(read.problems)
  return null
}
