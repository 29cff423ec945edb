// Tells senders what became of their mail: takes what is due from the queue, writes one report per message and notice, and commits it
// together with the mark that it is told. A crash in between repeats the work, never the report. Nothing here may throw at its callers.

import type { Queue, NoticeRecipient, NoticeTask } from '../queue/contract/queue.ts'
import { errorText, type Log } from '../lib/log.ts'
import type { NotifiedEvent } from '../observe/events.ts'
import type { BounceSettings } from './bounce-settings.ts'
import { type ComposePorts, composeReports, type Reports } from './compose.ts'
import { type Decision, decide } from './decide.ts'

/** Tasks asked for at once. */
const PORTION = 20
/** Ms until notices are looked for again without being told: time makes delay notices due, and failed work is repeated. */
const LOOK_AGAIN = 60_000

export interface NotifierPorts extends ComposePorts {
  readonly queue: Pick<Queue, 'noticeTasks' | 'notify' | 'openBody'>
  readonly log: Pick<Log, 'warn'>
}

export interface Notifier {
  /** Looks at once for what a crash or an earlier run left. */
  start(): void
  /** Something may be due. Returns at once. */
  due(): void
  /** Resolves when the run under way has ended; nothing starts after it. */
  stop(): Promise<void>
}

export function createNotifier(settings: BounceSettings, ports: NotifierPorts): Notifier {
  return new Notifying(settings, ports)
}

class Notifying implements Notifier {
  readonly #settings: BounceSettings
  readonly #ports: NotifierPorts
  readonly #stopping = new AbortController()
  #again = false
  #run: Promise<void> | null = null

  constructor(settings: BounceSettings, ports: NotifierPorts) {
    this.#settings = settings
    this.#ports = ports
  }

  start(): void {
    this.due()
    void this.#lookNowAndThen()
  }

  due(): void {
    if (this.#stopping.signal.aborted) return
    this.#again = true
    this.#run ??= this.#work().finally(() => {
      this.#run = null
      if (this.#again) this.due()
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#again = false
    await this.#run
  }

  async #lookNowAndThen(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await this.#ports.clock.sleep(LOOK_AGAIN, signal).catch(() => undefined)
      this.due()
    }
  }

  /** Works off what is due, oldest first. A task that cannot be done now stays due and is left behind in this round. */
  async #work(): Promise<void> {
    try {
      while (this.#again && !this.#stopping.signal.aborted) {
        this.#again = false
        await this.#workOff()
      }
    } catch (error) {
      this.#ports.log.warn({ cause: errorText(error) }, 'DSNs are postponed; next try within a minute')
    }
  }

  async #workOff(): Promise<void> {
    for (let after = -1; ; ) {
      const tasks = await this.#ports.queue.noticeTasks({ limit: PORTION, now: this.#ports.clock.now(), after })
      if (tasks.length === 0 || this.#stopping.signal.aborted) return
      for (const task of tasks) await this.#tell(task)
      after = Math.max(...tasks.flatMap(({ recipients }) => recipients.map(({ recipientId }) => recipientId)))
    }
  }

  async #tell(task: NoticeTask): Promise<void> {
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
    if (decision.kind === 'silent')
      return { ...base, notice: task.notice, to: task.message.sender, dsn: null, reason: decision.reason }
    const told = decision.to === 'sender' ? reports.toSender : reports.doubleBounce
    const to = decision.to === 'sender' ? task.message.sender : (this.#settings.doubleBouncesTo ?? null)
    const copy = decision.to === 'sender' && decision.action === 'failed' ? reports.copy : null
    return {
      ...base,
      notice: decision.action,
      to,
      dsn: told?.queueId ?? null,
      ...(copy ? { copy: copy.queueId } : {}),
      ...(told ? {} : { reason: decision.to === 'sender' ? 'no route to the sender' : 'no route to the operator' }),
    }
  }
}
