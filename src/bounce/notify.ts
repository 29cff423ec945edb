// Tells senders what became of their mail: takes what is due from the queue, writes one report per message and notice, and commits it
// together with the mark that it is told. A crash in between repeats the work, never the report. Nothing here may throw at its callers.

import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { Intake } from '../intake/intake.ts'
import { fieldsNamed, readFields } from '../message/header.ts'
import { makeMessageId, readMessageId } from '../message/message-id.ts'
import type { NotifiedEvent } from '../observe/events.ts'
import type { NewMessage, NoticeRecipient, NoticeTask, Queue } from '../queue/queue.ts'
import type { BounceSettings } from './bounce-settings.ts'
import { type Action, type Decision, decide } from './decide.ts'
import { disclose } from './redact.ts'
import { writeReport } from './report.ts'
import type { ReportRecipient } from './report-facts.ts'
import { returnedPart } from './returned.ts'

/** Tasks asked for at once. */
const PORTION = 20
/** Ms until notices are looked for again without being told: time makes delay notices due, and failed work is repeated. */
const LOOK_AGAIN = 60_000

export interface NotifierPorts {
  readonly queue: Pick<Queue, 'noticeTasks' | 'notify' | 'openBody'>
  readonly intake: Pick<Intake, 'prepare'>
  readonly clock: Clock
  readonly random: Random
  /** A report was queued: delivery should look. */
  readonly queued: () => void
  readonly log: {
    /** Could not be done now and is tried again in a minute: routing or the queue is unavailable, or a mistake of ours. */
    postponed(cause: string): void
  }
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
      this.#ports.log.postponed(describe(error))
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
    const decisions = new Map(task.recipients.map((one) => [one, decide(task.message, task.notice, one)]))
    try {
      const dsn = await this.#prepare(task, decisions)
      const events = task.recipients.map((one) => this.#event(task, one, { decision: decisions.get(one), dsn }))
      await this.#ports.queue.notify({ task, dsn, events })
      if (dsn) this.#ports.queued()
    } catch (error) {
      this.#ports.log.postponed(`notice for ${task.message.queueId}: ${describe(error)}`)
    }
  }

  /** The report as a message ready to be committed; null if nobody is told or the sender has no route. */
  async #prepare(task: NoticeTask, decisions: ReadonlyMap<NoticeRecipient, Decision>): Promise<NewMessage | null> {
    const told = [...decisions].flatMap(([one, decision]) =>
      decision.kind === 'tell' ? [reportRecipient(one, decision.action)] : [],
    )
    const { sender } = task.message
    if (told.length === 0 || sender === null) return null
    const report = await this.#report(task, { to: sender, recipients: told })
    return this.#ports.intake.prepare({ recipient: sender, ...report })
  }

  async #report(task: NoticeTask, about: { readonly to: string; readonly recipients: readonly ReportRecipient[] }) {
    const { clock, queue, random } = this.#ports
    const { hostname, from, fromName, sizeLimit } = this.#settings
    const { message, notice } = task
    const unique = random(12).toString('hex')
    const openBody = (body: NewMessage['body']) => queue.openBody(body)
    const fields = readFields(message.header)
    return writeReport({
      hostname,
      from,
      fromName,
      ...about,
      at: clock.now(),
      messageId: makeMessageId(`${message.queueId}.${unique}`, hostname),
      boundary: `=_${message.queueId}.${unique}`,
      queueId: message.queueId,
      arrivedAt: message.arrivedAt,
      envid: message.parameters.envid,
      about: { messageId: readMessageId(fields), subject: fieldsNamed(fields, 'subject')[0]?.value ?? null },
      smtputf8: message.parameters.smtputf8,
      returned: await returnedPart(message, notice, { openBody, sizeLimit }),
    })
  }

  #event(
    task: NoticeTask,
    recipient: NoticeRecipient,
    is: { readonly decision: Decision | undefined; readonly dsn: NewMessage | null },
  ): NotifiedEvent {
    const { decision, dsn } = is
    const told = decision?.kind === 'tell' && dsn !== null
    const reason = decision?.kind === 'silent' ? decision.reason : dsn === null ? 'no route to the sender' : undefined
    return {
      kind: 'notified',
      at: this.#ports.clock.now(),
      queueId: task.message.queueId,
      recipient: recipient.address,
      notice: decision?.kind === 'tell' ? decision.action : task.notice,
      to: task.message.sender,
      dsn: told ? dsn.queueId : null,
      ...(reason === undefined ? {} : { reason }),
    }
  }
}

function reportRecipient(recipient: NoticeRecipient, action: Action): ReportRecipient {
  const { address, host, reply } = disclose(recipient)
  const { status, lastAttemptAt, expiresAt, expired, original, parameters } = recipient
  return {
    address,
    original: parameters.orcpt ?? `rfc822;${original}`,
    action,
    status,
    remoteHost: host,
    reply,
    lastAttemptAt,
    willRetryUntil: action === 'delayed' ? expiresAt : null,
    expired,
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
