import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE, samplesOf } from '../../shared/audio/pcm.ts';
import { encodeWav } from '../../shared/audio/wav.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { GridEvent } from '../event-grid/envelope.ts';
import type { Faults } from '../faults.ts';
import { AcsError, invalidArgument, notSupported, recordingNotFound } from './acs-error.ts';
import type { Answer } from './answer.ts';
import type { Call } from './call.ts';
import { RESULTS } from './call-results.ts';
import type { recordingRequest } from './requests.ts';
import { mixed, type Voice } from './voices.ts';

/** What comes later is not recorded: it would not fit into memory for long. */
const LONGEST_FRAMES = (60 * 60_000) / FRAME_MS;
const MIXED = 'mixed';
/** Of recordings that the service keeps itself, for a day. */
const BUILT_IN = 'https://emulator.asm.skype.com/v1/objects';

export interface RecordingsOptions {
  /** Stands for the storage of the resource and of whoever brings his own; without it nothing is written. */
  readonly folder: string | undefined;
  readonly faults: Faults;
  readonly log: Logger;
  /** By server-call id or call-connection id. @throws {AcsError} where there is no such call */
  readonly findCall: (id: { serverCallId: string } | { callConnectionId: string }) => Call;
  /** Tells that a file is there, through Event Grid. */
  readonly announce: (event: GridEvent) => void;
}

type Request = z.output<typeof recordingRequest>;

/** What was said from the beginning of a recording, without its pauses. */
export class Recording {
  readonly id = randomUUID();
  readonly request: Request;
  readonly call: Call;
  readonly startedAt = new Date();
  active: boolean;
  /** By participant: frames, by when they were said. */
  readonly #tracks = new Map<string, Map<number, Int16Array>>();
  #frames = 0;

  constructor(request: Request, call: Call) {
    this.request = request;
    this.call = call;
    this.active = !request.pauseOnStart;
  }

  get durationMs(): number {
    return this.#frames * FRAME_MS;
  }

  get participants(): readonly string[] {
    return [...this.#tracks.keys()];
  }

  get properties() {
    const recordingState = this.active ? 'active' : 'inactive';
    return { recordingId: this.id, recordingState, recordingKind: 'azureCommunicationServices' };
  }

  /** One beat of the call. */
  write(voices: readonly Voice[]): void {
    if (!this.active || this.#frames >= LONGEST_FRAMES) return;
    const unmixed = this.request.recordingChannelType === 'unmixed';
    const parts = unmixed ? voices : [{ participant: MIXED, frame: mixed(voices.map(({ frame }) => frame)) }];
    for (const { participant, frame } of parts) {
      const track = this.#tracks.get(participant) ?? new Map<number, Int16Array>();
      this.#tracks.set(participant, track);
      if (frame) track.set(this.#frames, Int16Array.from(samplesOf(frame)));
    }
    this.#frames += 1;
  }

  /** 16 kHz, a channel for all or for each. */
  toWav(): Buffer {
    const channels = [...this.#tracks.values()].map((track) => {
      const samples = new Int16Array(this.#frames * FRAME_SAMPLES);
      for (const [at, frame] of track) samples.set(frame, at * FRAME_SAMPLES);
      return samples;
    });
    return encodeWav(channels.length > 0 ? channels : [new Int16Array(0)], SAMPLE_RATE);
  }
}

/** Recordings of calls, which are asked for apart from them. */
export class Recordings {
  readonly #options: RecordingsOptions;
  readonly #running = new Map<string, Recording>();

  constructor(options: RecordingsOptions) {
    this.#options = options;
  }

  /** @throws {AcsError} for a call that there is not or that is recorded already, and for what cannot be written */
  start(request: Request): Answer {
    const { callConnectionId, callLocator, recordingFormatType: format, externalStorage } = request;
    const id = callLocator ?? (callConnectionId === undefined ? undefined : { callConnectionId });
    if (id === undefined) throw invalidArgument('Name the call by callLocator or by callConnectionId.');
    const call = this.#options.findCall(id);
    call.requireConnected();
    if (request.recordingContentType === 'audioVideo' || format !== 'wav') {
      const isWrong = (format === 'mp4') !== (request.recordingContentType === 'audioVideo');
      if (isWrong) throw new AcsError(400, '8557', 'audio is recorded as wav or mp3, audioVideo as mp4.');
      throw notSupported(`recordings as ${format}; it writes audio as wav`);
    }
    const isElsewhere = externalStorage?.recordingStorageKind === 'azureBlobStorage';
    if (isElsewhere && externalStorage?.recordingDestinationContainerUrl === undefined) {
      throw invalidArgument('recordingDestinationContainerUrl is missing.');
    }
    if (call.recording) throw new AcsError(400, '8553', 'The call is being recorded already.');
    const recording = new Recording(request, call);
    const begin = () => {
      if (this.#options.faults.take('acs.recording')) {
        call.tell('StartRecordingFailed', to(recording), { recordingId: recording.id }, RESULTS.noStorage);
        return;
      }
      this.#running.set(recording.id, recording);
      call.record(recording, () => void this.#finish(recording, 'CallEnded'));
      this.#tellState(recording);
    };
    return { status: 200, body: recording.properties, call: call.ids.callConnectionId, afterwards: begin };
  }

  state(id: string): Answer {
    return { status: 200, body: this.#find(id).properties };
  }

  /** Pauses, or goes on. */
  setActive(id: string, active: boolean): Answer {
    const recording = this.#find(id);
    return {
      status: 202,
      afterwards: () => {
        if (recording.active === active) return;
        recording.active = active;
        this.#tellState(recording);
      },
    };
  }

  stop(id: string): Answer {
    const recording = this.#find(id);
    return { status: 204, afterwards: () => void this.#finish(recording, 'InitiatorLeft') };
  }

  #find(id: string): Recording {
    const recording = this.#running.get(id);
    if (recording) return recording;
    throw recordingNotFound();
  }

  #tellState(recording: Recording): void {
    const { recordingId, recordingState: state, recordingKind } = recording.properties;
    const startDateTime = recording.startedAt.toISOString();
    const data = { recordingId, state, startDateTime, recordingKind };
    recording.call.tell('RecordingStateChanged', to(recording), data);
  }

  async #finish(recording: Recording, sessionEndReason: string): Promise<void> {
    if (!this.#running.delete(recording.id)) return;
    recording.active = false;
    recording.call.record(undefined);
    this.#tellState(recording);
    const file = fileOf(recording);
    const { folder, log, announce } = this.#options;
    try {
      if (folder !== undefined) await write(path.join(folder, file.container), file.name, recording);
      announce(fileStatus(recording, file, sessionEndReason));
    } catch (error) {
      log.error({ recording: recording.id, problem: messageOf(error) }, 'a recording could not be written');
    }
  }
}

const to = ({ request }: Recording) => ({ operationCallbackUri: request.recordingStateCallbackUri });

interface RecordingFile {
  /** In the folder that stands for the storage. */
  readonly container: string;
  /** Without what comes after `0-`. */
  readonly name: string;
  /** The address of the same. */
  readonly location: string;
}

/** As the service lays them out: by day, call and recording. */
function fileOf({ id, call, request, startedAt }: Recording): RecordingFile {
  const url = request.externalStorage?.recordingDestinationContainerUrl;
  const day = startedAt.toISOString().slice(0, 10).replaceAll('-', '');
  const name = `${day}/${call.ids.callConnectionId}/${id}`;
  if (url === undefined) return { container: 'built-in', name, location: `${BUILT_IN}/${id}` };
  const container =
    new URL(url).pathname
      .split('/')
      .filter((part) => /^[\w-]+$/.test(part))
      .at(-1) ?? 'recordings';
  return { container, name, location: `${url.replace(/\/+$/, '')}/${name}` };
}

async function write(folder: string, name: string, recording: Recording): Promise<void> {
  const target = path.join(folder, name);
  await mkdir(target, { recursive: true });
  const { participants, durationMs, startedAt, request } = recording;
  const metadata = {
    callId: recording.call.ids.callConnectionId,
    chunkIndex: 0,
    chunkStartTime: startedAt.toISOString(),
    chunkDuration: durationMs,
    recordingInfo: { contentType: 'audio', channelType: request.recordingChannelType, format: 'wav' },
    participants: participants
      .filter((participant) => participant !== MIXED)
      .map((participantId) => ({ participantId })),
  };
  await writeFile(path.join(target, '0-audio.wav'), recording.toWav());
  await writeFile(path.join(target, '0-acsmetadata.json'), JSON.stringify(metadata, undefined, 2));
}

function fileStatus(recording: Recording, { location }: RecordingFile, sessionEndReason: string): GridEvent {
  const { id, call, request, startedAt, durationMs } = recording;
  const chunk = {
    documentId: id,
    index: 0,
    endReason: 'SessionEnded',
    contentLocation: `${location}/0-audio.wav`,
    metadataLocation: `${location}/0-acsmetadata.json`,
    deleteLocation: location,
  };
  return {
    id: randomUUID(),
    eventType: 'Microsoft.Communication.RecordingFileStatusUpdated',
    subject: `/recording/call/${call.ids.correlationId}/serverCallId/${call.ids.serverCallId}/recordingId/${id}`,
    eventTime: new Date().toISOString(),
    dataVersion: '1.0',
    data: {
      recordingStorageInfo: { recordingChunks: [chunk] },
      recordingStartTime: startedAt.toISOString(),
      recordingDurationMs: durationMs,
      recordingContentType: 'Audio',
      recordingChannelType: request.recordingChannelType === 'mixed' ? 'Mixed' : 'Unmixed',
      recordingFormatType: 'Wav',
      sessionEndReason,
    },
  };
}
