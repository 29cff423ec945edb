// Prometheus of Debian over nodes of a test: it scrapes each second, and answers queries by its HTTP API.

import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { freePort } from '../free-port.ts'
import { until } from '../until.ts'

export interface Scraped {
  readonly instance: string
  /** Of the admin listener on 127.0.0.1. */
  readonly port: number
}

/** One series of an answer: its labels and its values, with times in seconds. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly values: readonly (readonly [number, number])[]
}

export interface Prometheus {
  /** The result of an expression now. Rejects if it is not valid. */
  query(expression: string): Promise<readonly Series[]>
  /** The result over the last seconds. */
  range(expression: string, seconds: number, step: number): Promise<readonly Series[]>
  stop(): Promise<void>
}

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data?: {
    readonly resultType: string
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>
      readonly value?: readonly [number, string]
      readonly values?: readonly (readonly [number, string])[]
    }[]
  }
}

/** @param rules absolute path of a file with rules */
export async function startPrometheus(nodes: readonly Scraped[], rules: string): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-prometheus-'))
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '5s' },
    rule_files: [rules],
    scrape_configs: [
      {
        job_name: 'waypost',
        static_configs: nodes.map(({ instance, port }) => ({ targets: [`127.0.0.1:${port}`], labels: { instance } })),
      },
    ],
  }
  writeFileSync(join(folder, 'prometheus.yml'), stringify(config))
  const port = await freePort()
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const base = `http://127.0.0.1:${port}`
  await until(
    async () => {
      const answer = await fetch(`${base}/-/ready`).catch(() => null)
      return answer?.ok === true
    },
    { what: 'Prometheus to be ready', timeout: 60_000, every: 200 },
  )
  const ask = async (path: string, parameters: Record<string, string>): Promise<readonly Series[]> => {
    const response = await fetch(`${base}/api/v1/${path}`, { method: 'POST', body: new URLSearchParams(parameters) })
    const answer = (await response.json()) as Answer
    if (answer.status !== 'success') throw new Error(`${parameters['query']}: ${answer.error}`)
    if (answer.data?.resultType === 'scalar') throw new Error(`${parameters['query']} is a scalar`)
    return (answer.data?.result ?? []).map(({ metric, value, values }) => ({
      metric,
      values: (values ?? (value ? [value] : [])).map(([at, text]) => [at, Number(text)] as const),
    }))
  }
  return {
    query: (query) => ask('query', { query }),
    range: (query, seconds, step) => {
      const end = Math.floor(Date.now() / 1000)
      return ask('query_range', { query, start: String(end - seconds), end: String(end), step: String(step) })
    },
    stop: async () => {
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Runs promtool. Returns what it wrote, and whether it was content. */
export function promtool(
  args: readonly string[],
  input = '',
): { readonly isContent: boolean; readonly output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', [...args], { input, encoding: 'utf8' })
  return { isContent: status === 0, output: `${stdout}${stderr}` }
}
