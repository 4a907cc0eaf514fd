import { mkdirSync } from 'node:fs';
import type { Batch } from './batch.ts';
import { ALL, Changes } from './changes.ts';
import { type NewEvent, type Place, TOMBSTONE } from './event-frame.ts';
import { EventIndex } from './event-index.ts';
import { IdTable } from './id-table.ts';
import { recover } from './recovery.ts';
import type { Segment } from './segment.ts';
import { SegmentLog } from './segment-log.ts';
import { encodeSidecar, type Sidecar, writeSidecar } from './sidecar.ts';
import { StoredEvent } from './stored-event.ts';
import { TruncationCache } from './stream-facts.ts';
import { NameTable, StreamTable } from './stream-table.ts';
import { hashUuid } from './uuid.ts';

export interface StoreOptions {
  /** Bytes after which a new segment is begun; 64 MiB unless given. */
  segmentSize?: number;
  /** Called once when a write fails; the store then refuses everything. */
  onFailure?: (error: Error) => void;
  /** Called for what happens on the store's own initiative, such as a torn end that was cut off. */
  onNotice?: (notice: string) => void;
}

/**
 * The events of one directory: the log, and the index of it in memory.
 *
 * Appends see every event that was accepted; readers only those below `visible`, which are durable.
 */
export class EventStore {
  readonly index = new EventIndex();
  readonly streams = new StreamTable();
  readonly types = new NameTable();
  readonly changes = new Changes();
  readonly truncations = new TruncationCache();
  readonly log: SegmentLog;
  /** Events with a sequence number below are durable. */
  visible: number;
  private readonly failed: Promise<void>;
  private readonly dir: string;
  private readonly ids = new IdTable();
  private readonly sidecars: Promise<void>[] = [];
  private readonly onNotice: (notice: string) => void;

  /** Opens the store in `dir`, creating it if need be; throws DamagedLog. The caller holds the directory's lock. */
  constructor(dir: string, options: StoreOptions = {}) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.dir = dir;
    this.onNotice = options.onNotice ?? (() => {});
    const segments = recover(dir, {
      onSidecar: (sidecar) => this.load(sidecar),
      onFrame: (frame, position) => this.addFrame(frame, position),
      onCut: (segment, offset, bytes) => this.onNotice(`cut ${bytes} unfinished bytes off ${segment} at ${offset}`),
    });
    this.visible = this.index.count;
    let giveUp = () => {};
    this.failed = new Promise((resolve) => {
      giveUp = resolve;
    });
    this.log = new SegmentLog(dir, segments, options.segmentSize ?? 64 * 1024 * 1024, {
      onDurable: (batch) => this.publish(batch),
      onSealed: (segment) => this.sidecars.push(this.keepIndex(segment)),
      onFailure: (error) => {
        giveUp();
        options.onFailure?.(error);
      },
    });
    const read = segments.slice(0, -1).filter((segment) => segment.isChecked);
    this.sidecars.push(...read.map((segment) => this.keepIndex(segment)));
  }

  private load(sidecar: Sidecar): void {
    const { columns, tombstones } = sidecar.read(this.streams, this.types);
    const first = this.index.addAll(columns);
    for (let seq = first; seq < this.index.count; seq++) this.link(seq);
    for (const place of tombstones) this.streams.bury(this.index.stream[first + place]!, first + place);
  }

  private addFrame(bytes: Buffer, position: number): void {
    const event = new StoredEvent(bytes);
    if (event.position !== position) throw new Error(`an event of position ${event.position} stands at ${position}`);
    this.addEvent(event, event, event.stream, bytes.length);
  }

  /** Adds an event of stream `name`, whose frame is `length` bytes long, to the index. */
  addEvent(
    event: Pick<NewEvent, 'id' | 'type'>,
    { position, createdAt, revision }: Omit<Place, 'stream'>,
    name: string,
    length: number,
  ): void {
    const stream = this.streams.add(name);
    const type = this.types.add(event.type);
    const seq = this.index.add({ position, length, stream, type, createdAt, idHash: hashUuid(event.id) });
    this.link(seq);
    if (revision === TOMBSTONE) this.streams.bury(stream, seq);
  }

  /** Makes event `seq` of the index known by its stream and by its id. */
  private link(seq: number): void {
    this.streams.addEvent(this.index.stream[seq]!, seq);
    this.ids.add(this.index.idHash[seq]!, seq);
  }

  private publish(batch: Batch): void {
    const from = this.visible;
    this.visible += batch.events;
    if (!this.changes.isWatched) return;
    const touched = new Set(this.index.stream.subarray(from, this.visible));
    for (const stream of touched) this.changes.announce(this.streams.names[stream]!);
    this.changes.announce(ALL);
  }

  /** The gRPC message of event `seq`. */
  frame(seq: number): Buffer {
    return this.log.read(this.index.position[seq]!, this.index.length[seq]!);
  }

  /** Milliseconds since 1970, never less than the last event's: events are in the order of their times. */
  clock(): number {
    const { count, createdAt } = this.index;
    return count === 0 ? Date.now() : Math.max(Date.now(), createdAt[count - 1]!);
  }

  /** The newest event in stream `stream` with this id, if it is recent. */
  findById(stream: number, id: string): number | undefined {
    return this.ids.find(
      hashUuid(id),
      (seq) => this.index.stream[seq] === stream && new StoredEvent(this.frame(seq)).id === id,
    );
  }

  private async keepIndex(segment: Segment): Promise<void> {
    const [from, to] = [this.index.firstFrom(segment.base), this.index.firstFrom(segment.end)];
    try {
      await writeSidecar(this.dir, segment.base, encodeSidecar(this, segment.base, segment.end, from, to));
    } catch (error) {
      this.onNotice(`no index beside the segment at ${segment.base}: ${String(error)}`);
    }
  }

  /** Waits until everything accepted is durable, or never will be because the disk failed. */
  settled(): Promise<void> {
    return Promise.race([this.failed, new Promise<void>((done) => this.log.whenDurable(done))]);
  }

  /** Waits until everything accepted is durable, writes the index of the last segment and closes the files. */
  async close(): Promise<void> {
    await this.settled();
    this.log.close();
    await Promise.all([...this.sidecars, this.keepIndex(this.log.segments.at(-1)!)]);
  }
}
