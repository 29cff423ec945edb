// The node's side of one verification thread. A thread that ends, runs out of memory or does not answer loses the messages that it verifies;
// the next message starts another one.

import { Worker } from 'node:worker_threads'
import type { Resolver } from '../dns/resolver.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import { type Chunks, openChunks } from '../message/chunks.ts'
import type { Content } from '../message/content.ts'
import type { Authentication, AuthenticationRequest } from './authentication.ts'
import type { FromThread, ToThread } from './verification-messages.ts'

export interface VerificationThread {
  /** Null if the thread was lost. */
  verify(request: AuthenticationRequest): Promise<Authentication | null>
  close(): Promise<void>
}

export interface ThreadPorts {
  readonly resolver: Resolver
  readonly clock: Clock
  readonly log: Pick<Log, 'error'>
}

/** Bodies up to this size go to the thread with their message; larger ones piece by piece, as the thread hashes them. */
const SMALL_BODY_OCTETS = 64 * 1024
/** A verification ends after 20 s by the clock of its thread. A thread that reports nothing for so long is stuck. */
const STUCK_MS = 60_000
/** Expensive messages are rare on most nodes. A thread without a message ends after this time and frees some 50 MiB. */
const IDLE_MS = 300_000
/** MiB of the thread's heap. mailauth takes some 40; the rest is for header sections. */
const MEMORY_MB = 96
/** MiB for short-lived objects: nearly all are garbage after one message. */
const YOUNG_MEMORY_MB = 8

interface Job {
  /** The thread that has it; null before it is given to one. */
  worker: Worker | null
  readonly content: Content
  readonly settle: (authentication: Authentication | null) => void
  readonly bodies: Map<number, { readonly chunks: Chunks; readonly close: () => void }>
}

export function createVerificationThread(ports: ThreadPorts): VerificationThread {
  const jobs = new Map<number, Job>()
  let worker: Worker | null = null
  let lastJob = 0
  let idle: Timer | null = null
  const start = (): Worker => {
    const started = startWorker({ jobs, ports, lost: () => (worker = worker === started ? null : worker) })
    return started
  }
  /** The next message starts another thread, also while this one ends. */
  const retire = () => {
    void worker?.terminate()
    worker = null
  }
  const rest = () => {
    if (jobs.size === 0) idle = ports.clock.after(IDLE_MS, retire)
  }
  return {
    verify: async (request) => {
      idle?.cancel()
      const job = ++lastJob
      const { promise, resolve } = Promise.withResolvers<Authentication | null>()
      const held: Job = { worker: null, content: request.content, settle: resolve, bodies: new Map() }
      jobs.set(job, held)
      const stuck = ports.clock.after(STUCK_MS, () => (held.worker === worker ? retire() : undefined))
      const closed = () => held.worker && post(held.worker, { kind: 'closed', job })
      request.closed?.addEventListener('abort', closed, { once: true })
      try {
        const thread = (worker ??= start())
        held.worker = thread
        post(thread, { kind: 'verify', job, request: await withBody(request) })
        if (request.closed?.aborted) closed()
        return await promise
      } catch (error) {
        ports.log.error({ cause: errorText(error) }, 'a message cannot be given to a verification thread')
        return null
      } finally {
        stuck.cancel()
        request.closed?.removeEventListener('abort', closed)
        forget(jobs, job)
        rest()
      }
    },
    close: async () => {
      idle?.cancel()
      await worker?.terminate()
    },
  }
}

/** A signal cannot be sent to a thread; `closed` becomes another message. */
async function withBody({ content, remoteIp, helo, sender, authservId, now }: AuthenticationRequest) {
  const { header, bodySize } = content
  const request = { remoteIp, helo, sender, authservId, now }
  const body = bodySize > SMALL_BODY_OCTETS ? null : Buffer.concat(await content.openBody().toArray())
  return { ...request, header, bodySize, body }
}

function startWorker(parts: {
  readonly jobs: Map<number, Job>
  readonly ports: ThreadPorts
  readonly lost: () => void
}): Worker {
  const { jobs, ports, lost } = parts
  const askers = new Map<number, AbortController>()
  const worker = new Worker(new URL('./verification-worker.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: YOUNG_MEMORY_MB },
  })
  worker.unref()
  worker.on('message', (message: FromThread) => {
    switch (message.kind) {
      case 'question':
        return void answer(message, { worker, askers, resolver: ports.resolver })
      case 'abandon':
        return askers.get(message.question)?.abort()
      case 'read':
        return void readPiece(worker, jobs.get(message.job), message.stream)
      case 'done':
        return jobs.get(message.job)?.settle(message.authentication)
    }
  })
  worker.on('error', (error) => ports.log.error({ cause: errorText(error) }, 'a verification thread failed'))
  worker.on('exit', () => {
    lost()
    for (const asker of askers.values()) asker.abort()
    for (const job of jobs.values()) if (job.worker === worker) job.settle(null)
  })
  return worker
}

async function answer(
  { question, name, type, ask }: FromThread & { kind: 'question' },
  at: { readonly worker: Worker; readonly askers: Map<number, AbortController>; readonly resolver: Resolver },
): Promise<void> {
  const asker = new AbortController()
  at.askers.set(question, asker)
  const found = await at.resolver.resolve(name, type, { ...ask, signal: asker.signal }).catch((error: unknown) => {
    return { kind: 'unavailable', cause: errorText(error), ours: true } as const
  })
  at.askers.delete(question)
  post(at.worker, { kind: 'answer', question, answer: found })
}

async function readPiece(worker: Worker, job: Job | undefined, stream: number): Promise<void> {
  if (!job) return
  const { chunks } = job.bodies.get(stream) ?? open(job, stream)
  const octets = await chunks.next().catch(() => undefined)
  // A disk that cannot be read is no fault of the message.
  if (octets === undefined) job.settle(null)
  post(worker, { kind: 'piece', stream, octets: octets ?? null, failed: octets === undefined })
}

function open({ bodies, content }: Job, stream: number): { readonly chunks: Chunks; readonly close: () => void } {
  const body = content.openBody()
  const chunks = openChunks(body)
  const close = () => {
    chunks.close()
    body.on('error', () => {}).destroy()
  }
  const opened = { chunks, close }
  bodies.set(stream, opened)
  return opened
}

function forget(jobs: Map<number, Job>, job: number): void {
  for (const { close } of jobs.get(job)?.bodies.values() ?? []) close()
  jobs.delete(job)
}

function post(worker: Worker, message: ToThread): void {
  worker.postMessage(message)
}
