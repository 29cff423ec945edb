// Sends DSNs: it reads due notices from the queue, writes one report for each message and notice, and commits it together with the mark that
// the notice is done. A crash repeats the work, never the report. No call rejects.

import type { Queue, NoticeRecipient, NoticeTask } from '../queue/contract/queue.ts'
import type { Timer } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import type { NotifiedEvent } from '../observe/events.ts'
import type { BounceSettings } from './bounce-settings.ts'
import { type ComposePorts, composeReports, type Reports } from './compose.ts'
import { type Decision, decide } from './decide.ts'

/** Tasks of one request to the queue. */
const TASK_LIMIT = 20
/** Ms between two looks at the queue: delay notices become due by time, and failed work is repeated. */
const LOOK_EVERY_MS = 60_000

export interface NotifierPorts extends ComposePorts {
  readonly queue: Pick<Queue, 'noticeTasks' | 'notify' | 'openBody'>
  readonly log: Pick<Log, 'warn'>
}

export interface Notifier {
  /** Sends what an earlier run left. */
  start(): void
  /** Call it if notices may be due. Returns at once. */
  due(): void
  /** Resolves when the current run has ended. Nothing starts after it. */
  stop(): Promise<void>
}

export function createNotifier(settings: BounceSettings, ports: NotifierPorts): Notifier {
  return new QueueNotifier(settings, ports)
}

class QueueNotifier implements Notifier {
  readonly #settings: BounceSettings
  readonly #ports: NotifierPorts
  #stopped = false
  #timer: Timer | null = null
  #again = false
  #run: Promise<void> | null = null

  constructor(settings: BounceSettings, ports: NotifierPorts) {
    this.#settings = settings
    this.#ports = ports
  }

  start(): void {
    this.due()
    this.#timer = this.#ports.clock.every(LOOK_EVERY_MS, () => this.due())
  }

  due(): void {
    if (this.#stopped) return
    this.#again = true
    this.#run ??= this.#work().finally(() => {
      this.#run = null
      if (this.#again) this.due()
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    this.#again = false
    await this.#run
  }

  /** Handles what is due, oldest first. A task that fails stays due and is skipped in this run. */
  async #work(): Promise<void> {
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false
        await this.#sendDue()
      }
    } catch (error) {
      this.#ports.log.warn({ cause: errorText(error) }, 'DSNs are postponed; next try within a minute')
    }
  }

  async #sendDue(): Promise<void> {
    for (let after = -1; ; ) {
      const tasks = await this.#ports.queue.noticeTasks({ limit: TASK_LIMIT, now: this.#ports.clock.now(), after })
      if (tasks.length === 0 || this.#stopped) return
      for (const task of tasks) await this.#send(task)
      after = Math.max(...tasks.flatMap(({ recipients }) => recipients.map(({ recipientId }) => recipientId)))
    }
  }

  async #send(task: NoticeTask): Promise<void> {
    const settings = { doubleBounces: (this.#settings.doubleBouncesTo ?? null) !== null }
    const decisions = new Map(
      task.recipients.map((recipient) => [recipient, decide(task.message, task.notice, { recipient, settings })]),
    )
    try {
      const reports = await composeReports(this.#settings, this.#ports, { task, decisions })
      const { toSender, copy, doubleBounce } = reports
      const forOperator = [copy, doubleBounce].filter((report) => report !== null)
      const events = [...decisions].map(([recipient, decision]) => this.#event(task, recipient, { decision, reports }))
      await this.#ports.queue.notify({ task, dsn: toSender, copies: forOperator, events })
    } catch (error) {
      const fields = { queueId: task.message.queueId, cause: errorText(error) }
      this.#ports.log.warn(fields, 'the DSN is postponed; next try within a minute')
    }
  }

  #event(
    task: NoticeTask,
    { address }: NoticeRecipient,
    { decision, reports }: { readonly decision: Decision; readonly reports: Reports },
  ): NotifiedEvent {
    const base = {
      kind: 'notified',
      at: this.#ports.clock.now(),
      queueId: task.message.queueId,
      recipient: address,
    } as const
    if (decision.kind === 'skip')
      return { ...base, notice: task.notice, to: task.message.sender, dsn: null, reason: decision.reason }
    const report = decision.to === 'sender' ? reports.toSender : reports.doubleBounce
    const to = decision.to === 'sender' ? task.message.sender : (this.#settings.doubleBouncesTo ?? null)
    const copy = decision.to === 'sender' && decision.action === 'failed' ? reports.copy : null
    return {
      ...base,
      notice: decision.action,
      to,
      dsn: report?.queueId ?? null,
      ...(copy ? { copy: copy.queueId } : {}),
      ...(report ? {} : { reason: decision.to === 'sender' ? 'no route to the sender' : 'no route to the operator' }),
    }
  }
}
