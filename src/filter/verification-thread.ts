// The node's side of one verification thread. A thread that ends, runs out of memory or does not answer loses the messages that it verifies;
// the next message starts another one.

import type { Worker } from 'node:worker_threads'
import type { Resolver } from '../dns/resolver.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import { type BatchedSend, createMessageBatch } from '../lib/message-batch.ts'
import { startThread } from '../lib/program-files.ts'
import { type Chunks, openChunks } from '../message/chunks.ts'
import type { Content } from '../message/content.ts'
import type { Authentication, AuthenticationRequest } from './authentication.ts'
import { answerToSend, type FromThread, type ToThread } from './verification-messages.ts'
import { jobFor } from './verification-job.ts'

export interface VerificationThread {
  /** Messages that it has now. */
  readonly load: number
  /** True while it runs and its code is loaded: a message does not wait for that. */
  readonly isReady: boolean
  /** Starts the thread if it does not run, because a message may come. */
  prepare(): void
  /** Null if the thread was lost. */
  verify(request: AuthenticationRequest): Promise<Authentication | null>
  close(): Promise<void>
}

export interface ThreadPorts {
  readonly resolver: Resolver
  readonly clock: Clock
  readonly log: Pick<Log, 'error'>
}

export interface ThreadLimits {
  /** A verification ends after 20 s by the clock of its thread. A thread that has a message for so many ms is stuck. */
  readonly stuckMs: number
  /** A thread without a message ends after these ms and frees some 20 MiB. */
  readonly idleMs: number
}

/** MiB of the thread's heap. mailauth takes some 40; the rest is for header sections. */
const MEMORY_MB = 96
/** MiB for short-lived objects: nearly all are garbage after one message. */
const YOUNG_MEMORY_MB = 8

interface Job {
  /** The thread that has it; null before it is given to one. */
  thread: RunningThread | null
  readonly content: Content
  readonly settle: (authentication: Authentication | null) => void
  readonly bodies: Map<number, { readonly chunks: Chunks; readonly close: () => void }>
}

interface RunningThread {
  readonly worker: Worker
  isReady: boolean
  readonly send: BatchedSend<ToThread>
}

export function createVerificationThread(ports: ThreadPorts, limits: ThreadLimits): VerificationThread {
  const jobs = new Map<number, Job>()
  const life = createLife(jobs, ports, limits)
  let lastJob = 0
  const verify = async (request: AuthenticationRequest): Promise<Authentication | null> => {
    life.awake()
    const job = ++lastJob
    const { promise, resolve } = Promise.withResolvers<Authentication | null>()
    const held: Job = { thread: null, content: request.content, settle: resolve, bodies: new Map() }
    jobs.set(job, held)
    const stuck = ports.clock.after(limits.stuckMs, () => held.thread === life.running() && life.retire())
    const closed = () => held.thread?.send({ kind: 'closed', job })
    request.closed?.addEventListener('abort', closed, { once: true })
    try {
      const thread = life.start()
      held.thread = thread
      const { job: verification, owned } = await jobFor(request)
      thread.send({ kind: 'verify', job, request: verification }, owned)
      if (request.closed?.aborted) closed()
      return await promise
    } catch (error) {
      ports.log.error({ cause: errorText(error) }, 'a message cannot be given to a verification thread')
      return null
    } finally {
      stuck.cancel()
      request.closed?.removeEventListener('abort', closed)
      forget(jobs, job)
      life.rest()
    }
  }
  return {
    get load() {
      return jobs.size
    },
    get isReady() {
      return life.running()?.isReady ?? false
    },
    prepare: () => {
      try {
        life.start()
        life.rest()
      } catch (error) {
        ports.log.error({ cause: errorText(error) }, 'a verification thread cannot be started')
      }
    },
    verify,
    close: async () => {
      life.awake()
      await life.running()?.worker.terminate()
    },
  }
}

/** Starts a thread when there is none, and ends it after the time without a message. */
function createLife(jobs: Map<number, Job>, ports: ThreadPorts, limits: ThreadLimits) {
  let running: RunningThread | null = null
  let idle: Timer | null = null
  /** The next message starts another thread, also while this one ends. */
  const retire = () => {
    void running?.worker.terminate()
    running = null
  }
  const start = (): RunningThread => {
    const lost = () => (running = running === started ? null : running)
    const started = startWorker({ jobs, ports, lost })
    return started
  }
  return {
    running: () => running,
    start: () => (running ??= start()),
    retire,
    awake: () => idle?.cancel(),
    rest: () => {
      if (jobs.size > 0) return
      idle?.cancel()
      idle = ports.clock.after(limits.idleMs, retire)
    },
  }
}

function startWorker(parts: {
  readonly jobs: Map<number, Job>
  readonly ports: ThreadPorts
  readonly lost: () => void
}): RunningThread {
  const { jobs, ports, lost } = parts
  const askers = new Map<number, AbortController>()
  const worker = startThread(new URL('./verification-worker.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: YOUNG_MEMORY_MB },
  })
  worker.unref()
  const send = createMessageBatch<ToThread>((messages, owned) => worker.postMessage(messages, owned))
  const running: RunningThread = { worker, isReady: false, send }
  const receive = (message: FromThread) => {
    switch (message.kind) {
      case 'ready':
        return void (running.isReady = true)
      case 'question':
        return void answer(message, { send, askers, resolver: ports.resolver })
      case 'abandon':
        return askers.get(message.question)?.abort()
      case 'read':
        return void readPiece(send, jobs.get(message.job), message.stream)
      case 'done':
        return jobs.get(message.job)?.settle(message.authentication)
    }
  }
  worker.on('message', (messages: readonly FromThread[]) => messages.forEach(receive))
  worker.on('error', (error) => ports.log.error({ cause: errorText(error) }, 'a verification thread failed'))
  worker.on('exit', () => {
    lost()
    for (const asker of askers.values()) asker.abort()
    for (const job of jobs.values()) if (job.thread === running) job.settle(null)
  })
  return running
}

async function answer(
  { question, name, type, ask }: FromThread & { kind: 'question' },
  at: {
    readonly send: BatchedSend<ToThread>
    readonly askers: Map<number, AbortController>
    readonly resolver: Resolver
  },
): Promise<void> {
  const asker = new AbortController()
  at.askers.set(question, asker)
  const found = await at.resolver.resolve(name, type, { ...ask, signal: asker.signal }).catch((error: unknown) => {
    return { kind: 'unavailable', cause: errorText(error), ours: true } as const
  })
  at.askers.delete(question)
  at.send({ kind: 'answer', question, answer: answerToSend(found) })
}

async function readPiece(send: BatchedSend<ToThread>, job: Job | undefined, stream: number): Promise<void> {
  if (!job) return
  const { chunks } = job.bodies.get(stream) ?? open(job, stream)
  const octets = await chunks.next().catch(() => undefined)
  // A disk that cannot be read is no fault of the message.
  if (octets === undefined) job.settle(null)
  send({ kind: 'piece', stream, octets: octets ?? null, failed: octets === undefined })
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
