import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  type MessageAttributeValue,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
} from '@aws-sdk/client-sqs';
import type { Choices } from './choices.ts';

/** A copy of a message in a queue. A standard queue may hold several copies of one message. */
export interface Stored {
  id: string;
  body: string;
  attributes: Record<string, MessageAttributeValue> | undefined;
  /** In milliseconds since 1970. In the future while the copy is delayed or in flight. */
  visibleAt: number;
  receives: number;
  /** The receipt handle of the newest delivery. Older ones delete the same copy. */
  receipt: string;
}

export interface SqsLimits {
  /** Maximum entries of a batch call. */
  entries: number;
  /** Maximum bytes of a message and of a batch, including attributes. */
  bytes: number;
  /** Maximum delay of a message, in seconds. */
  delaySeconds: number;
}

export const SQS_LIMITS: SqsLimits = { entries: 10, bytes: 1_048_576, delaySeconds: 900 };

interface Queue {
  copies: Stored[];
  redrive?: { to: string; maxReceives: number };
}

/** The error with which SQS refuses a whole request. */
function refusal(name: string, message: string): Error {
  return Object.assign(new Error(message), {
    name,
    $fault: 'client',
    $metadata: { httpStatusCode: 400 },
  });
}

/** The characters that SQS accepts in bodies and attributes (https://www.w3.org/TR/REC-xml/#charsets). */
const TAKEN = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u;

/** SQS's standard queues in memory. The caller decides on reordering, duplicates and delays. */
export class Sqs {
  readonly #queues = new Map<string, Queue>();
  #ids = 0;
  /** Maximum number of messages in flight in one queue: received and not deleted. Delayed messages do not count. */
  mostInFlight = 0;
  /** Number of changes, so that invariants are checked only after a change. */
  changes = 0;

  constructor(
    readonly clock: () => number,
    readonly limits: SqsLimits = SQS_LIMITS,
  ) {}

  create(url: string, redrive?: Queue['redrive']): void {
    this.#queues.set(url, { copies: [], ...(redrive && { redrive }) });
  }

  /** All copies in the queue, including those in flight. */
  copies(url: string): readonly Stored[] {
    return this.#queue(url).copies;
  }

  visible(url: string): Stored[] {
    return this.#queue(url).copies.filter(({ visibleAt }) => visibleAt <= this.clock());
  }

  execute(command: unknown, taken: (entry: number) => boolean = () => true): unknown {
    if (command instanceof SendMessageBatchCommand) return this.#send(command, taken);
    if (command instanceof ChangeMessageVisibilityBatchCommand) return this.#change(command);
    if (command instanceof GetQueueAttributesCommand) return this.#attributes(command);
    throw new Error(`the simulation has no command ${(command as object).constructor.name}`);
  }

  /** Like `execute`, but some entries of the batch fail. */
  partly(command: unknown, choices: Choices): unknown {
    return this.execute(command, () => !choices.percent(50));
  }

  put(url: string, body: string, attributes?: Stored['attributes'], delaySeconds = 0): void {
    this.#changed();
    this.#queue(url).copies.push({
      id: `message-${++this.#ids}`,
      body,
      attributes,
      visibleAt: this.clock() + delaySeconds * 1_000,
      receives: 0,
      receipt: '',
    });
  }

  /** Delivers a copy, or moves it to the dead-letter queue if it has had the maximum number of receives. */
  receive(url: string, copy: Stored, visibilityMs: number): Stored | undefined {
    const { redrive } = this.#queue(url);
    if (redrive && copy.receives >= redrive.maxReceives) {
      this.remove(url, copy);
      this.#queue(redrive.to).copies.push({ ...copy, visibleAt: this.clock(), receives: 0 });
      return undefined;
    }
    copy.receives++;
    copy.visibleAt = this.clock() + visibilityMs;
    copy.receipt = `${copy.id}/${++this.#ids}`;
    const inFlight = this.#queue(url).copies.filter(
      ({ receives, visibleAt }) => receives > 0 && visibleAt > this.clock(),
    );
    this.mostInFlight = Math.max(this.mostInFlight, inFlight.length);
    return { ...copy };
  }

  /** Adds another copy of a message, as at-least-once delivery permits. */
  duplicate(url: string, copy: Stored): void {
    this.#queue(url).copies.push({ ...copy, visibleAt: this.clock(), receives: 0 });
    this.#changed();
  }

  /** Deletes the copies with these receipt handles, if they still exist. */
  delete(url: string, receipts: string[]): void {
    for (const receipt of receipts) {
      const copy = this.#find(url, receipt);
      if (copy) this.remove(url, copy);
    }
  }

  remove(url: string, copy: Stored): void {
    const { copies } = this.#queue(url);
    copies.splice(copies.indexOf(copy), 1);
    this.#changed();
  }

  #send({ input }: SendMessageBatchCommand, taken: (entry: number) => boolean) {
    const entries = input.Entries ?? [];
    this.#checkBatch(entries);
    const all = entries.map((entry, at) => ({ entry, taken: taken(at) }));
    for (const { entry, taken } of all)
      if (taken)
        this.put(
          input.QueueUrl as string,
          entry.MessageBody as string,
          entry.MessageAttributes,
          entry.DelaySeconds,
        );
    return {
      Successful: all.flatMap(({ entry, taken }) => (taken ? [{ Id: entry.Id }] : [])),
      Failed: all.flatMap(({ entry, taken }) =>
        taken ? [] : [{ Id: entry.Id, Code: 'InternalError', Message: 'try again', SenderFault: false }],
      ),
    };
  }

  #checkBatch(entries: SendMessageBatchRequestEntry[]): void {
    if (entries.length === 0) throw refusal('EmptyBatchRequest', 'there are no entries');
    if (entries.length > this.limits.entries)
      throw refusal('TooManyEntriesInBatchRequest', 'too many entries');
    if (new Set(entries.map(({ Id }) => Id)).size < entries.length)
      throw refusal('BatchEntryIdsNotDistinct', 'ids repeat');
    const bytes = entries.map(sizeOf);
    if (bytes.reduce((sum, size) => sum + size, 0) > this.limits.bytes)
      throw refusal('BatchRequestTooLong', 'the messages are too long together');
    for (const { MessageBody, MessageAttributes, DelaySeconds = 0 } of entries) {
      if (!Number.isInteger(DelaySeconds) || DelaySeconds < 0 || DelaySeconds > this.limits.delaySeconds)
        throw refusal('InvalidParameterValue', `a delay of ${DelaySeconds} s is not taken`);
      if (!MessageBody) throw refusal('MissingParameter', 'a message has no body');
      if (!TAKEN.test(MessageBody))
        throw refusal('InvalidMessageContents', 'characters that SQS doesn’t take');
      for (const { StringValue } of Object.values(MessageAttributes ?? {})) {
        if (!StringValue || !TAKEN.test(StringValue))
          throw refusal('InvalidParameterValue', `an attribute’s value is not taken: ${StringValue}`);
      }
    }
  }

  #change({ input }: ChangeMessageVisibilityBatchCommand) {
    for (const { ReceiptHandle, VisibilityTimeout } of input.Entries ?? []) {
      const copy = this.#find(input.QueueUrl as string, ReceiptHandle as string);
      // SQS refuses to change a message that is no longer in flight; the core ignores that.
      if (copy && copy.visibleAt > this.clock())
        copy.visibleAt = this.clock() + (VisibilityTimeout ?? 0) * 1_000;
    }
    return { Successful: [], Failed: [] };
  }

  #attributes({ input }: GetQueueAttributesCommand) {
    const { copies } = this.#queue(input.QueueUrl as string);
    const visible = this.visible(input.QueueUrl as string).length;
    return {
      Attributes: {
        ApproximateNumberOfMessages: String(visible),
        ApproximateNumberOfMessagesNotVisible: String(copies.length - visible),
        ApproximateNumberOfMessagesDelayed: '0',
      },
    };
  }

  #find(url: string, receipt: string): Stored | undefined {
    const older = receipt.split('/')[0];
    const { copies } = this.#queue(url);
    return (
      copies.find((copy) => copy.receipt === receipt) ??
      copies.find(({ id, receives }) => id === older && receives > 0)
    );
  }

  #queue(url: string): Queue {
    const queue = this.#queues.get(url);
    if (!queue) throw refusal('QueueDoesNotExist', `there is no queue ${url}`);
    return queue;
  }

  #changed(): void {
    this.changes++;
  }
}

function sizeOf({ MessageBody, MessageAttributes }: SendMessageBatchRequestEntry): number {
  return Object.entries(MessageAttributes ?? {}).reduce(
    (sum, [name, { DataType, StringValue }]) =>
      sum + Buffer.byteLength(name + DataType) + Buffer.byteLength(StringValue ?? ''),
    Buffer.byteLength(MessageBody ?? ''),
  );
}
