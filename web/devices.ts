import { byId } from './element.ts';

export interface DeviceListeners {
  onMicrophone(): void;
  onSpeaker(): void;
}

type Kind = 'microphone' | 'speaker';

const KINDS: Readonly<Record<Kind, MediaDeviceKind>> = { microphone: 'audioinput', speaker: 'audiooutput' };
const canChooseSpeaker = 'setSinkId' in AudioContext.prototype;

/** Which microphone and which loudspeaker this page uses. The choice outlives the page. */
export class Devices {
  readonly #selects: Readonly<Record<Kind, HTMLSelectElement>> = {
    microphone: byId('microphone', HTMLSelectElement),
    speaker: byId('speaker', HTMLSelectElement),
  };

  constructor(listeners: DeviceListeners) {
    const { microphone, speaker } = this.#selects;
    microphone.addEventListener('change', () => this.#choose('microphone', () => listeners.onMicrophone()));
    speaker.addEventListener('change', () => this.#choose('speaker', () => listeners.onSpeaker()));
    byId('speaker-field', HTMLElement).hidden = !canChooseSpeaker;
    navigator.mediaDevices?.addEventListener('devicechange', () => void this.refresh());
    void this.refresh();
  }

  /** Undefined: the system's. */
  get microphone(): string | undefined {
    return this.#chosen('microphone');
  }

  get speaker(): string | undefined {
    return canChooseSpeaker ? this.#chosen('speaker') : undefined;
  }

  /** The chosen one is not there any more. */
  forgetMicrophone(): void {
    localStorage.removeItem('parley.microphone');
    void this.refresh();
  }

  /** Reads the devices again. Browsers tell their names only once the microphone is allowed. */
  async refresh(): Promise<void> {
    const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    for (const kind of ['microphone', 'speaker'] as const) {
      const named = devices.filter((device) => device.kind === KINDS[kind] && device.deviceId !== '');
      const options = named
        .filter(({ deviceId }) => deviceId !== 'default')
        .map(({ deviceId, label }) => new Option(label || `${kind} without a name`, deviceId));
      const select = this.#selects[kind];
      select.replaceChildren(new Option('System default', ''), ...options);
      const chosen = this.#chosen(kind) ?? '';
      select.value = options.some(({ value }) => value === chosen) ? chosen : '';
      if (named.length > 0) continue;
      const hint = new Option('Names appear once the microphone is allowed');
      hint.disabled = true;
      select.append(hint);
    }
  }

  #chosen(kind: Kind): string | undefined {
    return localStorage.getItem(`parley.${kind}`) ?? undefined;
  }

  #choose(kind: Kind, then: () => void): void {
    const { value } = this.#selects[kind];
    if (value === '') localStorage.removeItem(`parley.${kind}`);
    else localStorage.setItem(`parley.${kind}`, value);
    then();
  }
}
